import { describe, expect, test } from 'vitest';
import { addDays, chartTime, dayIn, isDay, lastDays, lengthOf } from './days';

describe('a day is a real date in ISO form', () => {
  test.each(['2026-02-28', '2024-02-29', '2026-12-31'])('%s is one', (day) => expect(isDay(day)).toBe(true));
  test.each(['2026-02-29', '2026-13-01', '2026-1-1', '', 'today', 20260101, null])('%s is none', (day) =>
    expect(isDay(day)).toBe(false),
  );
});

test('days are added over months, leap days and the change to summer time', () => {
  expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(addDays('2026-03-28', 2)).toBe('2026-03-30');
  expect(addDays('2026-10-26', -2)).toBe('2026-10-24');
});

test('the day of a moment depends on the time zone', () => {
  const moment = new Date('2026-07-01T22:30:00Z');
  expect(dayIn('UTC', moment)).toBe('2026-07-01');
  expect(dayIn('Europe/Berlin', moment)).toBe('2026-07-02');
  expect(dayIn('America/Los_Angeles', moment)).toBe('2026-07-01');
  expect(dayIn('Pacific/Kiritimati', moment)).toBe('2026-07-02');
});

test('the last days include today and have the length asked for', () => {
  const moment = new Date('2026-03-29T23:30:00Z');
  const period = lastDays(7, 'Europe/Berlin', moment);
  expect(period).toEqual({ from: '2026-03-24', to: '2026-03-30' });
  expect(lengthOf(period)).toBe(7);
  expect(lengthOf({ from: '2026-10-01', to: '2026-10-31' })).toBe(31);
});

test('days stand at equal distances on a chart', () => {
  expect(chartTime('2026-03-30') - chartTime('2026-03-29')).toBe(86_400);
});
