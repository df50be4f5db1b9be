/** Money is an integer in minor units (cents, yen, fils) beside its ISO 4217 code. */

const NO_MINOR_UNIT = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF';
const THREE_DIGITS = 'BHD IQD JOD KWD LYD OMR TND';
const FOUR_DIGITS = 'CLF UYW';

const EXPONENTS = new Map<string, number>([
  ...NO_MINOR_UNIT.split(' ').map((code) => [code, 0] as const),
  ...THREE_DIGITS.split(' ').map((code) => [code, 3] as const),
  ...FOUR_DIGITS.split(' ').map((code) => [code, 4] as const),
]);

/** Decimal digits of a currency by ISO 4217. Browsers follow CLDR, which drops the minor units of some currencies. */
export function exponentOf(currency: string): number {
  return EXPONENTS.get(currency) ?? 2;
}

/** `4990` minor units of a two-digit currency as `49.90`: exact, with a point, for machines. */
export function decimalText(amount: number, currency: string): string {
  const exponent = exponentOf(currency);
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = digits.slice(digits.length - exponent);
  return `${amount < 0 ? '-' : ''}${whole}${exponent > 0 ? `.${fraction}` : ''}`;
}

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(currency: string, compact: boolean, locale: string | undefined): Intl.NumberFormat {
  const key = `${locale ?? ''} ${currency} ${compact}`;
  const known = formats.get(key);
  if (known) return known;
  const digits = exponentOf(currency);
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    ...(compact
      ? { notation: 'compact', maximumSignificantDigits: 3 }
      : { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  });
  formats.set(key, format);
  return format;
}

/** An amount for people: `€49.90`, `¥1,200`. Exact however large the amount is. */
export function formatMoney(amount: number, currency: string, locale?: string): string {
  return formatOf(currency, false, locale).format(decimalText(amount, currency) as `${number}`);
}

/** An amount for a chart's axis: `€12.5K`. */
export function formatMoneyShort(amount: number, currency: string, locale?: string): string {
  return formatOf(currency, true, locale).format(decimalText(amount, currency) as `${number}`);
}

/** Digits alone, or in groups: of three, or of two before the last three as in India. */
const GROUPED = /^(\d+|\d{1,3}([.,]\d{2,3})*[.,]\d{3})$/;

/**
 * Minor units of an amount as people type it: `49.90`, `49,90`, `1 234,5`, `1,234.50`. Null where it is no amount of that
 * currency. A lone separator is a decimal one when the currency has that many digits, and a thousands one before three.
 */
export function parseMoney(text: string, currency: string): number | null {
  const compact = text.replace(/[\s'’]/gu, '');
  const parts = /^(-?)(\d[\d.,]*)$/.exec(compact);
  if (!parts) return null;
  const [, sign = '', number = ''] = parts;
  const exponent = exponentOf(currency);
  const at = decimalSeparatorAt(number, exponent);
  const whole = at < 0 ? number : number.slice(0, at);
  const fraction = at < 0 ? '' : number.slice(at + 1);
  if (!GROUPED.test(whole) || !/^\d*$/.test(fraction)) return null;
  if (fraction.length > exponent) return null;
  const amount = Number(`${sign}${whole.replace(/[.,]/g, '')}${fraction.padEnd(exponent, '0')}`);
  return Number.isSafeInteger(amount) ? amount : null;
}

function decimalSeparatorAt(number: string, exponent: number): number {
  const last = Math.max(number.lastIndexOf('.'), number.lastIndexOf(','));
  if (last < 0) return -1;
  const others: string[] = number.slice(0, last).match(/[.,]/g) ?? [];
  const isRepeated = others.includes(number.charAt(last));
  const digitsBehind = number.length - last - 1;
  const isLone = others.length === 0;
  if (isRepeated || (isLone && digitsBehind === 3 && exponent !== 3)) return -1;
  return last;
}

/** Every currency that the browser knows, with its name in English. */
export function currencies(): { value: string; label: string }[] {
  const names = new Intl.DisplayNames('en', { type: 'currency' });
  return Intl.supportedValuesOf('currency').map((code) => ({ value: code, label: `${code} – ${names.of(code)}` }));
}
