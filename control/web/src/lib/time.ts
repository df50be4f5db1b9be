import { plural } from './numbers';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const momentFormats = new Map<string, Intl.DateTimeFormat>();

/** A moment in the workspace's time zone. `exact` adds seconds and the zone's name. */
export function formatMoment(at: string, timezone: string, exact = false): string {
  const key = `${timezone} ${exact}`;
  let format = momentFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(undefined, {
      timeZone: timezone,
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      ...(exact ? { second: '2-digit', timeZoneName: 'short' } : {}),
    });
    momentFormats.set(key, format);
  }
  return format.format(new Date(at));
}

/** How long something took, in its two largest units: `3 days 4 hours`, `12 minutes`, `less than a second`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND_MS) return 'less than a second';
  const units: [number, string][] = [
    [Math.floor(ms / DAY_MS), 'day'],
    [Math.floor(ms / HOUR_MS) % 24, 'hour'],
    [Math.floor(ms / MINUTE_MS) % 60, 'minute'],
    [Math.floor(ms / SECOND_MS) % 60, 'second'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => plural(count, unit))
    .join(' ');
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `3 minutes ago`, `yesterday`. */
export function formatAgo(at: string, now: number = Date.now()): string {
  const ms = Date.parse(at) - now;
  const size = Math.abs(ms);
  if (size < MINUTE_MS) return 'just now';
  if (size < HOUR_MS) return relative.format(Math.trunc(ms / MINUTE_MS), 'minute');
  if (size < DAY_MS) return relative.format(Math.trunc(ms / HOUR_MS), 'hour');
  return relative.format(Math.trunc(ms / DAY_MS), 'day');
}

interface ZoneGroup {
  group: string;
  items: { value: string; label: string }[];
}

/** Every IANA time zone that the browser lists, and `current` where that is an older name for one, by region with the present offset. */
export function timezones(current: string): ZoneGroup[] {
  const names = [...new Set(['UTC', current, ...Intl.supportedValuesOf('timeZone')])];
  const groups = Map.groupBy(names, (name) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : 'General'));
  return [...groups].map(([group, members]) => ({ group, items: members.map(zoneOption) }));
}

function zoneOption(name: string): { value: string; label: string } {
  const place = name
    .slice(name.indexOf('/') + 1)
    .replaceAll('_', ' ')
    .replaceAll('/', ', ');
  return { value: name, label: `${place} (${offsetOf(name)})` };
}

function offsetOf(timezone: string): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'shortOffset' }).formatToParts();
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
