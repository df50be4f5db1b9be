/** Moments as a person of a time zone writes them: `2026-11-27T09:30`, what a field for date and time holds. */

const MINUTE_MS = 60_000;

/** The wall time of a moment in a time zone; seconds only where it has some. */
export function toZoned(at: string, timezone: string): string {
  const ms = Date.parse(at);
  const wall = new Date(ms + offsetMs(ms, timezone)).toISOString();
  return wall.slice(0, wall.slice(17, 19) === '00' ? 16 : 19);
}

/**
 * The moment at which a time zone’s clocks show a wall time, as RFC 3339 text in UTC; '' for what is no time. What
 * clocks show twice in autumn means the first time; what they skip in spring means as long after the jump.
 */
export function fromZoned(wall: string, timezone: string): string {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return '';
  const dayMs = 24 * 60 * MINUTE_MS;
  const candidates = [asUtc - dayMs, asUtc + dayMs].map((near) => asUtc - offsetMs(near, timezone));
  const exact = candidates.filter((ms) => ms + offsetMs(ms, timezone) === asUtc);
  return new Date(exact.length > 0 ? Math.min(...exact) : Math.max(...candidates)).toISOString();
}

function offsetMs(ms: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((candidate) => candidate.type === type)?.value);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(ms / 1000) * 1000;
}
