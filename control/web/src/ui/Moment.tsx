import { useTimezone } from '#/app/session';
import { formatAgo, formatMoment } from '#/lib/time';

/** A moment in the workspace's time zone, exact to the second on hover. */
export function Moment({ at, style = 'date' }: { at: string; style?: 'date' | 'ago' }) {
  const timezone = useTimezone();
  return (
    <time dateTime={at} title={formatMoment(at, timezone, true)} className="nowrap">
      {style === 'ago' ? formatAgo(at) : formatMoment(at, timezone)}
    </time>
  );
}
