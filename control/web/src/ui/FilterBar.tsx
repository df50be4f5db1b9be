import { Group, NativeSelect } from '@mantine/core';
import type { ReactNode } from 'react';

export function FilterBar({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Group component="search" aria-label={label} gap="xs" mb="sm">
      {children}
    </Group>
  );
}

interface FilterSelectProps {
  label: string;
  /** What is shown when nothing is filtered: “All campaigns”. */
  all: string;
  value: string | undefined;
  options: { value: string; label: string }[];
  onChange: (value: string | undefined) => void;
}

/** One filter. A value that is not (or not yet) among the options is kept and shown as it is. */
export function FilterSelect({ label, all, value, options, onChange }: FilterSelectProps) {
  const isUnknown = value !== undefined && !options.some((option) => option.value === value);
  return (
    <NativeSelect
      aria-label={label}
      value={value ?? ''}
      data={[{ value: '', label: all }, ...options, ...(isUnknown ? [{ value, label: value }] : [])]}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      style={{ maxWidth: 200 }}
    />
  );
}
