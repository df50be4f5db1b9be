/** Days are `YYYY-MM-DD` text in the workspace's time zone; arithmetic on them knows no clock and no summer time. */

export type Day = string;

export interface Period {
  from: Day;
  to: Day;
}

const DAY_MS = 86_400_000;
const DAY_PATTERN = /^\d{4}-\d{2}-\d{2}$/;

export function isDay(text: unknown): text is Day {
  return typeof text === 'string' && DAY_PATTERN.test(text) && toDay(toMs(text)) === text;
}

function toMs(day: Day): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function toDay(ms: number): Day {
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(0, 10);
}

export function addDays(day: Day, count: number): Day {
  return toDay(toMs(day) + count * DAY_MS);
}

/** How many days a period has, both ends included. */
export function lengthOf(period: Period): number {
  return Math.round((toMs(period.to) - toMs(period.from)) / DAY_MS) + 1;
}

/** The day that a moment belongs to in a time zone. */
export function dayIn(timezone: string, moment: Date = new Date()): Day {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(moment);
  const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

/** The last `count` days of a time zone, today included. */
export function lastDays(count: number, timezone: string, now: Date = new Date()): Period {
  const to = dayIn(timezone, now);
  return { from: addDays(to, 1 - count), to };
}

/** Seconds since 1970 at which a chart that knows only UTC places a day. */
export function chartTime(day: Day): number {
  return toMs(day) / 1000;
}

const dayFormats = {
  short: new Intl.DateTimeFormat(undefined, { timeZone: 'UTC', day: 'numeric', month: 'short' }),
  long: new Intl.DateTimeFormat(undefined, {
    timeZone: 'UTC',
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  }),
  range: new Intl.DateTimeFormat(undefined, { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' }),
};

export const formatDay = (day: Day, style: 'short' | 'long' = 'short'): string => dayFormats[style].format(toMs(day));
export const formatPeriod = (period: Period): string =>
  dayFormats.range.formatRange(toMs(period.from), toMs(period.to));
