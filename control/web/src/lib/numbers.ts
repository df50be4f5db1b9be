export const CREDIT_UNIT = 1_000_000;

/** Ten thousand and more are shortened where room is short: 12.3K. */
const COMPACT_FROM = 10_000;

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });
const credits = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const share = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const exactShare = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 4 });
const change = new Intl.NumberFormat(undefined, {
  style: 'percent',
  maximumFractionDigits: 1,
  signDisplay: 'exceptZero',
});

export const formatCount = (count: number): string => whole.format(count);
export const formatCountShort = (count: number): string =>
  Math.abs(count) < COMPACT_FROM ? credits.format(count) : compact.format(count);

/** Conversions from millionths: `1,234`, `0.33`; a credit that would round to nothing says so: `< 0.01`. */
export function formatCredits(millionths: number): string {
  const conversions = millionths / CREDIT_UNIT;
  if (conversions > 0 && conversions < 0.005) return `< ${credits.format(0.01)}`;
  return credits.format(conversions);
}

/** A touch's credit as its share of the conversion: `33.3 %`. */
export const formatShare = (millionths: number): string => share.format(millionths / CREDIT_UNIT);
/** The same with all four decimals that millionths have. */
export const formatExactShare = (millionths: number): string => exactShare.format(millionths / CREDIT_UNIT);
export const formatRate = (part: number, total: number): string => (total > 0 ? share.format(part / total) : '–');

export interface Change {
  text: string;
  direction: 'up' | 'down' | 'same';
}

/** How a figure moved against the period before; null where that had nothing to compare with. */
export function changeOf(current: number, previous: number): Change | null {
  if (previous === 0) return current === 0 ? { text: change.format(0), direction: 'same' } : null;
  const ratio = (current - previous) / Math.abs(previous);
  const isVisible = Math.abs(ratio) >= 0.0005;
  return { text: change.format(isVisible ? ratio : 0), direction: !isVisible ? 'same' : ratio > 0 ? 'up' : 'down' };
}

const pluralRules = new Intl.PluralRules('en');

/** `1 touch`, `2,000 touches`. */
export function plural(count: number, one: string, other = `${one}s`): string {
  return `${formatCount(count)} ${pluralRules.select(count) === 'one' ? one : other}`;
}
