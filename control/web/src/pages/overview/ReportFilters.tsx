import { Button, Group, NativeSelect, Popover, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { definitionsQuery } from '#/api/queries';
import { dayIn, type Period } from '#/lib/days';
import { Icon } from '#/ui/Icon';
import { type OverviewSearch, PRESET_DAYS, type PresetDays } from './search';

export function EventFilter({ event, onChange }: { event: string | undefined; onChange: (event?: string) => void }) {
  const definitions = useQuery(definitionsQuery);
  const options = (definitions.data ?? []).map((definition) => ({ value: definition.name, label: definition.title }));
  const isUnknown = event !== undefined && !options.some((option) => option.value === event);
  return (
    <NativeSelect
      aria-label="Event"
      value={event ?? ''}
      data={[{ value: '', label: 'All events' }, ...options, ...(isUnknown ? [{ value: event, label: event }] : [])]}
      onChange={(change) => onChange(change.currentTarget.value || undefined)}
    />
  );
}

interface PeriodPickerProps {
  period: Period & { days: PresetDays | null };
  timezone: string;
  onChange: (search: Pick<OverviewSearch, 'days' | 'from' | 'to'>) => void;
}

export function PeriodPicker({ period, timezone, onChange }: PeriodPickerProps) {
  return (
    <Group gap="xs">
      <SegmentedControl
        aria-label="Last days"
        size="sm"
        data={PRESET_DAYS.map((days) => ({
          value: String(days),
          label: <span title={`Last ${days} days`}>{days} d</span>,
        }))}
        value={period.days === null ? '' : String(period.days)}
        onChange={(value) => onChange({ days: Number(value) as PresetDays, from: undefined, to: undefined })}
      />
      <CustomPeriod key={`${period.from} ${period.to}`} period={period} timezone={timezone} onChange={onChange} />
    </Group>
  );
}

function CustomPeriod({ period, timezone, onChange }: PeriodPickerProps) {
  const [isOpen, setOpen] = useState(false);
  const [from, setFrom] = useState(period.from);
  const [to, setTo] = useState(period.to);
  const isBackwards = from > to;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!from || !to || isBackwards) return;
    setOpen(false);
    onChange({ days: undefined, from, to });
  };
  const today = dayIn(timezone);
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus returnFocus withRoles={false}>
      <Popover.Target>
        <Button
          variant={period.days === null ? 'light' : 'default'}
          rightSection={<Icon name="chevronDown" size={14} />}
          aria-expanded={isOpen}
          aria-haspopup="dialog"
          onClick={() => setOpen(!isOpen)}
        >
          Custom
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label="Custom period">
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Group gap="sm" wrap="nowrap">
              <TextInput
                type="date"
                label="From"
                required
                max={today}
                value={from}
                onChange={(event) => setFrom(event.currentTarget.value)}
              />
              <TextInput
                type="date"
                label="To"
                required
                max={today}
                value={to}
                onChange={(event) => setTo(event.currentTarget.value)}
              />
            </Group>
            {isBackwards && (
              <Text size="xs" c="red" role="alert">
                The first day must not be after the last one.
              </Text>
            )}
            <Button type="submit" disabled={!from || !to || isBackwards}>
              Show
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
