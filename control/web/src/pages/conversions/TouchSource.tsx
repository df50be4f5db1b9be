import { Text } from '@mantine/core';
import type { ConsideredTouch, CreditedTouch } from '#/api/types';
import { shortName } from '#/lib/urls';
import { channelLabel } from '#/lib/words';

/** Where a touch came from: its channel, then its link and campaign, or that it was a visit without a click. */
export function TouchSource({ touch }: { touch: CreditedTouch | ConsideredTouch }) {
  const { link, campaign } = touch;
  const short = link && shortName(link.short_url);
  const detail = [campaign?.name, link?.title || short].filter(Boolean).join(' · ');
  return (
    <>
      <span style={{ fontWeight: 550 }}>{channelLabel(touch.channel)}</span>
      {touch.kind === 'visit' && (
        <Text span size="xs" c="dimmed">
          {' '}
          visit
        </Text>
      )}
      {detail && (
        <Text span size="sm" display="block" title={short ?? undefined}>
          {detail}
        </Text>
      )}
    </>
  );
}
