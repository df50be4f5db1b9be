import type { Counting, EventDefinition, Model, NewEventDefinition } from '#/api/types';
import { decimalText, parseMoney } from '#/lib/money';
import { DEFAULT_MODEL } from '#/lib/words';

export const OFFERED_WINDOWS = [7, 14, 30, 60, 90];
const LONGEST_WINDOW = 365;

export interface DefinitionFormValues {
  name: string;
  title: string;
  counting: Counting;
  window_days: string;
  default_model: Model;
  default_amount: string;
  default_currency: string;
}

export const DEFINITION_FIELDS = [
  'name',
  'title',
  'counting',
  'window_days',
  'default_model',
  'default_amount',
  'default_currency',
] as const satisfies (keyof DefinitionFormValues)[];

export function initialValues(definition: EventDefinition | null, workspaceCurrency: string): DefinitionFormValues {
  if (!definition) {
    return {
      name: '',
      title: '',
      counting: 'every',
      window_days: '30',
      default_model: DEFAULT_MODEL,
      default_amount: '',
      default_currency: workspaceCurrency,
    };
  }
  const currency = definition.default_currency ?? workspaceCurrency;
  return {
    name: definition.name,
    title: definition.title,
    counting: definition.counting,
    window_days: String(definition.window_days),
    default_model: definition.default_model,
    default_amount: definition.default_amount === null ? '' : decimalText(definition.default_amount, currency),
    default_currency: currency,
  };
}

export function requestOf(values: DefinitionFormValues): NewEventDefinition {
  const amount = values.default_amount.trim() ? parseMoney(values.default_amount, values.default_currency) : null;
  return {
    name: values.name.trim(),
    title: values.title.trim(),
    counting: values.counting,
    window_days: Number(values.window_days),
    default_model: values.default_model,
    default_amount: amount,
    default_currency: amount === null ? null : values.default_currency,
  };
}

export const validate = {
  title: (title: string) => (title.trim() ? null : 'Give it a name that you will recognise in reports.'),
  name: (name: string) =>
    /^[a-z][a-z0-9_]{0,63}$/.test(name.trim()) ? null : 'Small letters, digits and _ only, beginning with a letter.',
  window_days: (days: string) =>
    /^\d+$/.test(days) && Number(days) >= 1 && Number(days) <= LONGEST_WINDOW
      ? null
      : `From 1 to ${LONGEST_WINDOW} days.`,
  default_amount: (amount: string, values: DefinitionFormValues) => {
    if (!amount.trim()) return null;
    const parsed = parseMoney(amount, values.default_currency);
    return parsed === null || parsed < 0 ? `This is not an amount in ${values.default_currency}.` : null;
  },
};

/** A name for code made from a title: “Demo gebucht!” becomes `demo_gebucht`. */
export function nameFromTitle(title: string): string {
  const plain = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 64);
}
