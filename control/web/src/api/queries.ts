import { queryOptions } from '@tanstack/react-query';
import { api } from './client';
import type { ApiKey, Campaign, Domain, Edge, EventDefinition, Page } from './types';

/** Lists that are short enough to be had whole: the API's largest page, and the next ones until the end. */
const LARGEST_PAGE = 200;

async function whole<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await api.get<Page<T>>(path, { limit: LARGEST_PAGE, cursor }, signal);
    items.push(...page.items);
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return items;
}

function listQuery<T>(key: string, path: string) {
  return queryOptions({ queryKey: [key], queryFn: ({ signal }) => whole<T>(path, signal) });
}

export const domainsQuery = listQuery<Domain>('domains', '/domains');
export const campaignsQuery = listQuery<Campaign>('campaigns', '/campaigns');
export const definitionsQuery = listQuery<EventDefinition>('event-definitions', '/event-definitions');
export const apiKeysQuery = listQuery<ApiKey>('api-keys', '/api-keys');

const EDGES_POLL_MS = 10_000;
export const edgesQuery = queryOptions({
  ...listQuery<Edge>('edges', '/edges'),
  refetchInterval: EDGES_POLL_MS,
});
