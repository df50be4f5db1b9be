import { expect, test } from 'vitest';
import { changeOf, formatCredits, formatRate, formatShare, plural } from './numbers';

test('millionths are shown as conversions, and the smallest credit is never shown as nothing', () => {
  expect(formatCredits(0)).toBe('0');
  expect(formatCredits(1)).toBe('< 0.01');
  expect(formatCredits(333_333)).toBe('0.33');
  expect(formatCredits(1_000_000)).toBe('1');
  expect(formatCredits(1_234_500_000)).toBe('1,234.5');
});

test('a credit is a share of its conversion', () => {
  expect(formatShare(333_333)).toBe('33.3%');
  expect(formatShare(1_000_000)).toBe('100%');
});

test('there is no rate without clicks', () => {
  expect(formatRate(0, 0)).toBe('–');
  expect(formatRate(1, 8)).toBe('12.5%');
});

test('a change is relative to the period before, and nothing is compared with nothing', () => {
  expect(changeOf(150, 100)).toEqual({ text: '+50%', direction: 'up' });
  expect(changeOf(50, 100)).toEqual({ text: '-50%', direction: 'down' });
  expect(changeOf(100, 100)).toEqual({ text: '0%', direction: 'same' });
  expect(changeOf(0, 0)).toEqual({ text: '0%', direction: 'same' });
  expect(changeOf(5, 0)).toBeNull();
  expect(changeOf(-50, -100)).toEqual({ text: '+50%', direction: 'up' });
  expect(changeOf(100_001, 100_000)).toEqual({ text: '0%', direction: 'same' });
});

test('a count agrees with its noun', () => {
  expect(plural(0, 'touch', 'touches')).toBe('0 touches');
  expect(plural(1, 'touch', 'touches')).toBe('1 touch');
  expect(plural(21, 'day')).toBe('21 days');
  expect(plural(12_000, 'link')).toBe('12,000 links');
});
