import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Page } from '#/api/types';
import { MorePages } from './MorePages';
import { Loaded } from './PageState';

interface PagedListProps<T> {
  query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  noun: [one: string, many: string];
  /** What stands in place of no rows. */
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}

/** A list that is loaded page by page, as far as somebody wants to see it. */
export function PagedList<T>({ query, noun, empty, children }: PagedListProps<T>) {
  return (
    <div className="surface">
      <Loaded query={query}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0) return empty;
          return (
            <>
              {children(rows)}
              <MorePages
                shown={rows.length}
                noun={noun}
                hasMore={query.hasNextPage}
                isBusy={query.isFetchingNextPage}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
