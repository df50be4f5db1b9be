import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { api } from '#/api/client';
import type { Link, LinkEdit, LinkResults, NewLink, Page } from '#/api/types';
import type { Period } from '#/lib/days';
import { shortName } from '#/lib/urls';
import { offerUndo, showDone, showError } from '#/ui/undo';
import type { LinksSearch } from './search';

const PAGE_SIZE = 50;

export function linksQuery(search: LinksSearch) {
  return infiniteQueryOptions({
    queryKey: ['links', 'list', search],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Link>>(
        '/links',
        { ...search, archived: search.archived ?? false, cursor: pageParam, limit: PAGE_SIZE },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function resultsQuery(link: Link, period: Period) {
  return queryOptions({
    queryKey: ['links', 'results', link.id, period],
    queryFn: ({ signal }) => api.get<LinkResults>(`/links/${link.id}/arms`, { ...period }, signal),
    placeholderData: keepPreviousData,
  });
}

export function useSaveLink(link: Link | null) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (values: NewLink | LinkEdit) =>
      link ? api.patch<Link>(`/links/${link.id}`, values) : api.post<Link>('/links', values),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['links'] }),
  });
}

export function useArchiveLink() {
  const queryClient = useQueryClient();
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['links'] });
  const restore = async (link: Link) => {
    await api.patch<Link>(`/links/${link.id}`, { archived: false } satisfies LinkEdit);
    await refresh();
    showDone(`${shortName(link.short_url)} works again.`);
  };
  const archive = useMutation({
    mutationFn: (link: Link) => api.delete(`/links/${link.id}`),
    onSuccess: async (_, link) => {
      offerUndo(`${shortName(link.short_url)} is archived and no longer redirects.`, () => restore(link));
      await refresh();
    },
    onError: showError,
  });
  return { archive: archive.mutate, restore: (link: Link) => void restore(link).catch(showError) };
}
