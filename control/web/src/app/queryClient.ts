import { QueryCache, QueryClient } from '@tanstack/react-query';
import { Problem } from '#/api/problem';

const FRESH_MS = 15_000;

/** `onSignedOut` is called when the server no longer knows the session. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isSignedOut(error) && query.queryKey[0] !== 'session') onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        // What the server refused stays refused; only what it could not answer is tried again, once.
        retry: (failures, error) =>
          failures < 1 && error instanceof Problem && (error.status === 0 || error.status >= 500),
      },
      mutations: {
        onError: (error) => {
          if (isSignedOut(error)) onSignedOut();
        },
      },
    },
  });
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}
