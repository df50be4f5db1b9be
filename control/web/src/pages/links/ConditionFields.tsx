import { MultiSelect, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { useTimezone } from '#/app/session';
import { countryOptions, languageOptions, type Option } from '#/lib/countries';
import { DEVICES, SYSTEMS } from '#/lib/words';
import type { LinkForm } from './LinkDialog';
import classes from './RuleCard.module.css';
import type { RuleValues } from './rulesForm';

export function ConditionFields({ form, rule, at }: { form: LinkForm; rule: RuleValues; at: number }) {
  const timezone = useTimezone().replaceAll('_', ' ');
  const countries = useMemo(countryOptions, []);
  const field = (name: string) => form.getInputProps(`rules.${at}.${name}`);
  return (
    <div className={classes.conditions}>
      <Choice label="Countries" any="Any country" options={countries} isFirst {...field('countries')} />
      <Choice label="Languages" any="Any language" options={languageOptions(rule.languages)} {...field('languages')} />
      <Choice label="Devices" any="Any device" options={optionsOf(DEVICES)} {...field('devices')} />
      <Choice label="Systems" any="Any system" options={optionsOf(SYSTEMS)} {...field('systems')} />
      <TextInput label="From" description={`Time of ${timezone}.`} type="datetime-local" {...field('from')} />
      <TextInput label="Until" description={`Time of ${timezone}.`} type="datetime-local" {...field('until')} />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  /** What it means to choose nothing. */
  any: string;
  options: Option[];
  isFirst?: boolean;
}

function Choice({ label, any, options, isFirst = false, ...field }: ChoiceProps & { value?: string[] }) {
  return (
    <MultiSelect
      label={label}
      placeholder={field.value?.length ? '' : any}
      data={options}
      searchable
      clearable
      withScrollArea={false}
      classNames={{ options: classes.options ?? '' }}
      nothingFoundMessage="Nothing found"
      comboboxProps={{ withinPortal: false }}
      clearButtonProps={{ 'aria-label': `Clear ${label.toLowerCase()}` }}
      {...(isFirst ? { 'data-first': true } : {})}
      {...field}
    />
  );
}

function optionsOf(words: Record<string, string>): Option[] {
  return Object.entries(words).map(([value, label]) => ({ value, label }));
}
