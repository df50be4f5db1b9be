import type { LinkRule } from '#/api/types';
import { countryName, languageName } from '#/lib/countries';
import { plural } from '#/lib/numbers';
import { DEVICES, SYSTEMS } from '#/lib/words';
import { fromZoned, toZoned } from '#/lib/zoned';
import { destinationError } from './destination';

export const RULES_MAX = 20;
export const ARMS_MAX = 20;
const SPLIT_WEIGHT = 50;

/** A destination of a rule as the dialog edits it; `key` is React’s, `arm` the number that the server knows it by. */
export interface ArmValues {
  key: string;
  arm: number | null;
  destination: string;
  weight: string;
}

/** A rule as the dialog edits it; its times are wall times of the workspace’s time zone, or empty. */
export interface RuleValues extends Pick<LinkRule, 'countries' | 'devices' | 'systems' | 'languages'> {
  key: string;
  arms: ArmValues[];
  from: string;
  until: string;
}

export function newArm(destination = '', weight = SPLIT_WEIGHT): ArmValues {
  return { key: crypto.randomUUID(), arm: null, destination, weight: String(weight) };
}

/** A rule for some visitors, with one destination. */
export function newRule(): RuleValues {
  return { ...FOR_EVERYONE, key: crypto.randomUUID(), arms: [newArm()] };
}

/** A rule for everyone that sends half to where the link leads and half to another page. */
export function newSplit(destination: string): RuleValues {
  return { ...newRule(), arms: [newArm(destination), newArm()] };
}

const FOR_EVERYONE = { countries: [], devices: [], systems: [], languages: [], from: '', until: '' };

export function ruleValues(rule: LinkRule, timezone: string): RuleValues {
  return {
    ...rule,
    key: crypto.randomUUID(),
    arms: rule.arms.map((arm) => ({ ...arm, key: crypto.randomUUID(), weight: String(arm.weight) })),
    from: rule.from ? toZoned(rule.from, timezone) : '',
    until: rule.until ? toZoned(rule.until, timezone) : '',
  };
}

export function ruleOf(values: RuleValues, timezone: string): LinkRule {
  const { key, arms, from, until, ...conditions } = values;
  return {
    ...conditions,
    from: fromZoned(from, timezone) || null,
    until: fromZoned(until, timezone) || null,
    arms: arms.map(({ arm, destination, weight }) => ({
      arm,
      destination: destination.trim(),
      weight: Number(weight),
    })),
  };
}

export const rulesValidation = {
  arms: {
    destination: destinationError,
    weight: (weight: string) => (/^[1-9]\d{0,4}$/.test(weight) && Number(weight) <= 10_000 ? null : '1 to 10,000'),
  },
  until: (until: string, { rules }: { rules: RuleValues[] }, path: string) => {
    const from = rules[Number(path.split('.')[1])]?.from;
    return from && until && until <= from ? 'Choose a time after the beginning.' : null;
  },
};

export function isForEveryone(rule: RuleValues | LinkRule): boolean {
  const { countries, devices, systems, languages, from, until } = rule;
  return [countries, devices, systems, languages].every((list) => list.length === 0) && !from && !until;
}

/** Which part of a rule’s visitors each arm gets, of 1; all the same while a weight is being typed. */
export function shares(arms: { weight: string }[]): number[] {
  const weights = arms.map(({ weight }) => Math.max(0, Number(weight) || 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (total > 0 ? weight / total : 1 / arms.length));
}

/** Whom a rule is for, in a few words: `Germany, Austria · phone`. */
export function audienceOf(rule: RuleValues): string {
  const parts = [
    few(rule.countries.map(countryName), 'country', 'countries'),
    few(rule.devices.map((device) => DEVICES[device])),
    few(rule.systems.map((system) => SYSTEMS[system])),
    few(rule.languages.map(languageName), 'language'),
    rule.from || rule.until ? 'at certain times' : '',
  ];
  return parts.filter(Boolean).join(' · ') || 'Everyone';
}

function few(names: string[], one = '', many = `${one}s`): string {
  return names.length > 3 && one ? plural(names.length, one, many) : names.join(', ');
}

/** A link’s rules in a word or two; '' where it has none. */
export function rulesWord(rules: (RuleValues | LinkRule)[]): string {
  const [first] = rules;
  if (!first) return '';
  const isSplit = rules.length === 1 && isForEveryone(first) && first.arms.length > 1;
  return isSplit ? 'A/B' : plural(rules.length, 'rule');
}
