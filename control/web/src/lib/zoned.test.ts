import { expect, test } from 'vitest';
import { fromZoned, toZoned } from './zoned';

test.each([
  ['2026-01-15T11:00:00.000Z', 'Europe/Berlin', '2026-01-15T12:00'],
  ['2026-07-15T10:00:00.000Z', 'Europe/Berlin', '2026-07-15T12:00'],
  ['2026-07-15T06:15:30.000Z', 'Asia/Kathmandu', '2026-07-15T12:00:30'],
  ['2026-07-16T03:00:00.000Z', 'America/Los_Angeles', '2026-07-15T20:00'],
  ['2025-12-31T23:30:00.000Z', 'UTC', '2025-12-31T23:30'],
])('%s is %s’s %s, and back', (at, timezone, wall) => {
  expect(toZoned(at, timezone)).toBe(wall);
  expect(fromZoned(wall, timezone)).toBe(at);
});

test('a wall time that comes twice in autumn is the first', () => {
  expect(fromZoned('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
});

test('a wall time that spring skips lies as long after the jump', () => {
  expect(fromZoned('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z');
});

test('what is no time gives none', () => {
  expect(fromZoned('', 'UTC')).toBe('');
});
