import { Badge } from '@mantine/core';
import type { Link } from '#/api/types';
import { useTimezone } from '#/app/session';
import { formatCount } from '#/lib/numbers';
import { formatMoment } from '#/lib/time';
import { rulesWord } from './rulesForm';

/** What is special about a link; nothing for most. */
export function LinkBadges({ link }: { link: Link }) {
  const timezone = useTimezone();
  const isExpired = link.expires_at !== null && Date.parse(link.expires_at) <= Date.now();
  const words = [
    link.archived_at && 'Archived',
    rulesWord(link.rules),
    link.expires_at && `${isExpired ? 'Expired' : 'Expires'} ${formatMoment(link.expires_at, timezone)}`,
    link.exhausted ? 'Limit reached' : link.click_limit !== null && `Limit ${formatCount(link.click_limit)}`,
    link.has_password && 'Password',
    link.honeypot && 'Honeypot',
  ].filter((word): word is string => typeof word === 'string' && word !== '');
  return words.map((word) => (
    <Badge key={word} size="xs" variant="default" tt="none">
      {word}
    </Badge>
  ));
}
