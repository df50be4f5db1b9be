import { Alert, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { messageOf, Problem } from '#/api/problem';

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'refetch' | 'isFetching'>;
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}

/** What a query has to show: its data, a skeleton until then, or the error with a way to try again. */
export function Loaded<T>({ query, loading = <RowsSkeleton />, children }: LoadedProps<T>) {
  if (query.error)
    return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} isBusy={query.isFetching} />;
  if (query.data === undefined) {
    return (
      <div aria-busy="true" role="status" aria-label="Loading">
        {loading}
      </div>
    );
  }
  return children(query.data);
}

export function RowsSkeleton({ rows = 6 }: { rows?: number }) {
  return (
    <Stack gap="xs" p="md">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Skeleton key={row} height={22} width={`${95 - ((row * 7) % 25)}%`} />
      ))}
    </Stack>
  );
}

export function ErrorPanel({ error, onRetry, isBusy }: { error: unknown; onRetry?: () => void; isBusy?: boolean }) {
  const title = (error instanceof Problem && error.title) || 'This could not be loaded';
  return (
    <Alert color="red" title={title} role="alert" m="md">
      <Stack gap="sm" align="start">
        <Text size="sm">{messageOf(error)}</Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry} loading={isBusy ?? false}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

interface EmptyStateProps {
  title: string;
  /** Rank of the title; 1 where it is the page's only heading. */
  order?: 1 | 2;
  children: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ title, order = 2, children, action }: EmptyStateProps) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Title order={order}>{title}</Title>
      <Text c="dimmed" size="sm" maw={460}>
        {children}
      </Text>
      {action && <Group mt="xs">{action}</Group>}
    </Stack>
  );
}
