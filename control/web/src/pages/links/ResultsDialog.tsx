import { SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ArmResult, Link, LinkResults } from '#/api/types';
import { useTimezone } from '#/app/session';
import { lastDays } from '#/lib/days';
import { formatMoney } from '#/lib/money';
import { CREDIT_UNIT, formatCount, formatCredits, formatRate } from '#/lib/numbers';
import { shortName } from '#/lib/urls';
import { MODELS } from '#/lib/words';
import { Dialog } from '#/ui/Dialog';
import { Loaded } from '#/ui/PageState';
import { Rows } from '#/ui/Rows';
import { resultsQuery } from './queries';
import classes from './ResultsDialog.module.css';

const DAYS = ['7', '30', '90'];

const COLUMNS = [
  { label: 'Destination' },
  { label: 'Clicks', isNumber: true },
  { label: 'Conversions', isNumber: true },
  { label: 'Rate', isNumber: true },
  { label: 'Value', isNumber: true },
];

/** How the destinations of a link compare. */
export function ResultsDialog({ link, onClose }: { link: Link; onClose: () => void }) {
  const timezone = useTimezone();
  const [days, setDays] = useState('30');
  const results = useQuery(resultsQuery(link, lastDays(Number(days), timezone)));
  return (
    <Dialog onClose={onClose} title={`Results of ${shortName(link.short_url)}`} size="xl">
      <Stack gap="md">
        <SegmentedControl
          aria-label="Days"
          className={classes.days ?? ''}
          data={DAYS.map((value) => ({ value, label: `${value} days` }))}
          value={days}
          onChange={setDays}
        />
        <div className="surface">
          <Loaded query={results}>{(found) => <ResultsTable results={found} />}</Loaded>
        </div>
        <Text size="xs" c="dimmed">
          Clicks of these days, and the conversions that are credited to them
          {results.data ? ` under ${MODELS[results.data.model].label.toLowerCase()}` : ''}, whenever they happened. With
          fewer than some dozens of conversions each, a difference is mostly chance.
        </Text>
      </Stack>
    </Dialog>
  );
}

function ResultsTable({ results }: { results: LinkResults }) {
  return (
    <Rows label="Results by destination" columns={COLUMNS}>
      {results.arms.map((arm) => (
        <Table.Tr key={arm.arm}>
          <Table.Td className={classes.destination ?? ''}>{nameOf(arm)}</Table.Td>
          <Table.Td className="number">{formatCount(arm.clicks)}</Table.Td>
          <Table.Td className="number">{formatCredits(arm.conversions)}</Table.Td>
          <Table.Td className="number">{formatRate(arm.conversions / CREDIT_UNIT, arm.clicks)}</Table.Td>
          <Table.Td className="number">{formatMoney(arm.value, results.currency)}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function nameOf({ arm, destination }: ArmResult): string {
  return destination === null ? `A destination that was removed (no. ${arm})` : shortName(destination);
}
