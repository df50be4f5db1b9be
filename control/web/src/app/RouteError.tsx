import { Stack } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { EmptyState, ErrorPanel } from '#/ui/PageState';
import { TextLink } from '#/ui/TextLink';

export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Stack maw={640} mx="auto" mt={48}>
      <ErrorPanel error={error} onRetry={retry} />
    </Stack>
  );
}

export function NotFoundPage() {
  return (
    <main>
      <EmptyState title="There is no such page" order={1} action={<TextLink to="/">Go to the overview</TextLink>}>
        The address may be mistyped, or what it showed is gone.
      </EmptyState>
    </main>
  );
}
