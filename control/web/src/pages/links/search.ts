import { defined, textOf } from '#/lib/search';

export interface LinksSearch {
  q?: string;
  campaign_id?: string;
  channel?: string;
  domain_id?: string;
  archived?: boolean;
}

export function linksSearch(search: Record<string, unknown>): LinksSearch {
  return defined({
    q: textOf(search.q),
    campaign_id: textOf(search.campaign_id),
    channel: textOf(search.channel),
    domain_id: textOf(search.domain_id),
    archived: search.archived === true ? true : undefined,
  }) as LinksSearch;
}
