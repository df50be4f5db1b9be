import { describe, expect, test } from 'vitest';
import { decimalText, exponentOf, formatMoney, parseMoney } from './money';

const plain = (text: string) => text.replace(/\s/gu, ' ');

describe('minor units follow ISO 4217, not what a locale likes to show', () => {
  test.each([
    ['EUR', 2],
    ['HUF', 2],
    ['JPY', 0],
    ['KWD', 3],
    ['IQD', 3],
    ['CLF', 4],
  ])('%s has %i digits', (currency, digits) => expect(exponentOf(currency)).toBe(digits));
});

describe('an amount becomes decimal text without rounding', () => {
  test.each([
    [4990, 'EUR', '49.90'],
    [5, 'EUR', '0.05'],
    [-5, 'EUR', '-0.05'],
    [1200, 'JPY', '1200'],
    [12_500, 'KWD', '12.500'],
    [Number.MAX_SAFE_INTEGER, 'EUR', '90071992547409.91'],
  ])('%i %s is %s', (amount, currency, text) => expect(decimalText(amount, currency)).toBe(text));
});

describe('an amount is shown as the reader writes it', () => {
  test.each([
    [4990, 'EUR', 'en', '€49.90'],
    [4990, 'EUR', 'de', '49,90 €'],
    [1200, 'JPY', 'en', '¥1,200'],
    [12_500, 'IQD', 'en', 'IQD 12.500'],
    [-1250, 'USD', 'en', '-$12.50'],
    [Number.MAX_SAFE_INTEGER, 'EUR', 'en', '€90,071,992,547,409.91'],
  ])('%i %s in %s is %s', (amount, currency, locale, text) =>
    expect(plain(formatMoney(amount, currency, locale))).toBe(text),
  );
});

describe('an amount is understood as people type it', () => {
  test.each([
    ['49.90', 'EUR', 4990],
    ['49,90', 'EUR', 4990],
    ['49,9', 'EUR', 4990],
    ['49', 'EUR', 4900],
    ['1,234', 'EUR', 123_400],
    ['1.234', 'EUR', 123_400],
    ['1,234.50', 'EUR', 123_450],
    ['1.234,50', 'EUR', 123_450],
    ['1 234,5', 'EUR', 123_450],
    ["1'234.50", 'CHF', 123_450],
    ['1,234,567', 'EUR', 123_456_700],
    ['1,00,000.50', 'INR', 10_000_050],
    ['1,200', 'JPY', 1200],
    ['1.250', 'KWD', 1250],
    ['-3.50', 'EUR', -350],
  ])('%s %s is %i', (text, currency, amount) => expect(parseMoney(text, currency)).toBe(amount));

  test.each([
    ['', 'EUR'],
    ['abc', 'EUR'],
    ['12.3456', 'EUR'],
    ['12.5', 'JPY'],
    ['1.2.', 'EUR'],
    ['1.2.3', 'EUR'],
    ['12.34,5', 'EUR'],
    ['99999999999999999', 'EUR'],
  ])('%s is no amount in %s', (text, currency) => expect(parseMoney(text, currency)).toBeNull());
});

test('an amount that is shown as decimal text is read back as the same amount', () => {
  for (const currency of ['EUR', 'JPY', 'KWD']) {
    for (const amount of [0, 1, 99, 100, 1000, 123_456, 1_000_000]) {
      expect(parseMoney(decimalText(amount, currency), currency)).toBe(amount);
    }
  }
});
