import { NativeSelect, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Basis, BreakdownBy } from '#/api/types';
import { BASES, BREAKDOWNS } from '#/lib/words';
import { Loaded } from '#/ui/PageState';
import classes from './BreakdownCard.module.css';
import { BreakdownTable } from './BreakdownTable';
import { breakdownQuery, type ReportFilter } from './queries';

interface BreakdownCardProps {
  filter: ReportFilter;
  by: BreakdownBy;
  basis: Basis;
  onChange: (change: { by?: BreakdownBy; basis?: Basis }) => void;
}

export function BreakdownCard({ filter, by, basis, onChange }: BreakdownCardProps) {
  const breakdown = useQuery(breakdownQuery(filter, by, basis));
  return (
    <Tabs value={by} onChange={(value) => value && onChange({ by: value as BreakdownBy })} keepMounted={false}>
      <div className={classes.bar}>
        <Tabs.List className={classes.tabs ?? ''}>
          {Object.entries(BREAKDOWNS).map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <NativeSelect
          className={classes.basis ?? ''}
          size="xs"
          aria-label="Which day counts"
          title={BASES[basis].help}
          data={Object.entries(BASES).map(([value, words]) => ({ value, label: `By ${words.label.toLowerCase()}` }))}
          value={basis}
          onChange={(event) => onChange({ basis: event.currentTarget.value as Basis })}
        />
      </div>
      <Tabs.Panel value={by} style={{ opacity: breakdown.isPlaceholderData ? 0.6 : 1 }}>
        <Loaded query={breakdown}>{(data) => <BreakdownTable breakdown={data} by={by} filter={filter} />}</Loaded>
      </Tabs.Panel>
    </Tabs>
  );
}
