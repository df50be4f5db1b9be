import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from '#/api/client';
import type { ConversionDetail, ConversionRow, Link, Page } from '#/api/types';
import { DEFAULT_MODEL } from '#/lib/words';
import type { ConversionsSearch } from './search';

const PAGE_SIZE = 50;

export function conversionsQuery(search: ConversionsSearch) {
  return infiniteQueryOptions({
    queryKey: ['conversions', 'list', search],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<ConversionRow>>(
        '/conversions',
        { status: 'all', model: DEFAULT_MODEL, ...search, cursor: pageParam, limit: PAGE_SIZE },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function conversionQuery(id: string) {
  return queryOptions({
    queryKey: ['conversions', 'one', id],
    queryFn: ({ signal }) => api.get<ConversionDetail>(`/conversions/${encodeURIComponent(id)}`, {}, signal),
  });
}

/** The link that the list is narrowed to, for its name. */
export function linkQuery(id: string | undefined) {
  return queryOptions({
    queryKey: ['links', 'one', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) => api.get<Link>(`/links/${encodeURIComponent(id ?? '')}`, {}, signal),
  });
}
