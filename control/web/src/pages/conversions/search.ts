import type { MatchStatus, Model } from '#/api/types';
import { isDay } from '#/lib/days';
import { defined, oneOf, textOf } from '#/lib/search';
import { MODEL_NAMES } from '#/lib/words';

export interface ConversionsSearch {
  event?: string;
  status?: MatchStatus;
  from?: string;
  to?: string;
  link_id?: string;
  campaign_id?: string;
  channel?: string;
  /** Order id. */
  q?: string;
  model?: Model;
}

export function conversionsSearch(search: Record<string, unknown>): ConversionsSearch {
  return defined({
    event: textOf(search.event),
    status: oneOf(search.status, ['matched', 'unmatched']),
    from: isDay(search.from) ? search.from : undefined,
    to: isDay(search.to) ? search.to : undefined,
    link_id: textOf(search.link_id),
    campaign_id: textOf(search.campaign_id),
    channel: textOf(search.channel),
    q: textOf(search.q),
    model: oneOf(search.model, MODEL_NAMES),
  }) as ConversionsSearch;
}
