import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api } from '#/api/client';
import type { Conversion, Explanation, Link, Page } from '#/api/types';
import type { ConversionsSearch } from './search';

const PAGE_SIZE = 50;

export function conversionsQuery(search: ConversionsSearch) {
  return infiniteQueryOptions({
    queryKey: ['conversions', 'list', search],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Conversion>>(
        '/conversions',
        { status: 'all', ...search, cursor: pageParam, limit: PAGE_SIZE },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function conversionQuery(id: string) {
  return queryOptions({
    queryKey: ['conversions', 'one', id],
    queryFn: ({ signal }) => api.get<Explanation>(`/conversions/${encodeURIComponent(id)}`, {}, signal),
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
