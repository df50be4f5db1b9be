import { expect, test } from 'vitest';
import { formatAgo, formatDuration, formatMoment, timezones } from './time';

test('a duration has its two largest units, in singular and plural', () => {
  expect(formatDuration(0)).toBe('less than a second');
  expect(formatDuration(1_000)).toBe('1 second');
  expect(formatDuration(61_000)).toBe('1 minute 1 second');
  expect(formatDuration(3_600_000)).toBe('1 hour');
  expect(formatDuration(90_061_000)).toBe('1 day 1 hour');
  expect(formatDuration(30 * 86_400_000)).toBe('30 days');
  expect(formatDuration(86_400_000 + 59_000)).toBe('1 day');
});

test('how long ago something was is told in the largest unit', () => {
  const now = Date.parse('2026-11-25T12:00:00Z');
  expect(formatAgo('2026-11-25T11:59:30Z', now)).toBe('just now');
  expect(formatAgo('2026-11-25T11:58:00Z', now)).toBe('2 minutes ago');
  expect(formatAgo('2026-11-25T09:00:00Z', now)).toBe('3 hours ago');
  expect(formatAgo('2026-11-24T12:00:00Z', now)).toBe('yesterday');
});

test('a moment is shown in the time zone of the workspace', () => {
  expect(formatMoment('2026-07-01T22:30:00Z', 'Europe/Berlin')).toContain('12:30');
  expect(formatMoment('2026-07-01T22:30:00Z', 'Asia/Tokyo')).toContain('07:30');
});

test('time zones are offered by region, with UTC first', () => {
  const groups = timezones('UTC');
  expect(groups[0]?.group).toBe('General');
  expect(groups[0]?.items[0]).toMatchObject({ value: 'UTC', label: expect.stringMatching(/^UTC \(/) });
  const europe = groups.find((group) => group.group === 'Europe');
  expect(europe?.items.find((zone) => zone.value === 'Europe/Berlin')?.label).toMatch(/^Berlin \(GMT\+[12]\)$/);
});

test('the zone in use is offered under its older name too', () => {
  for (const name of ['Asia/Calcutta', 'Asia/Kolkata']) {
    const asia = timezones(name).find((group) => group.group === 'Asia');
    expect(asia?.items.filter((zone) => zone.value === name)).toHaveLength(1);
  }
});
