import { Stack } from '@mantine/core';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { unreachable } from '#/api/problem';
import { EmptyState, ErrorPanel } from '#/ui/PageState';
import { TextLink } from '#/ui/TextLink';

/** What Vite, Chromium, Firefox and Safari say when a page's own code could not be fetched. */
const CODE_MISSING = /preload CSS|dynamically imported module|Importing a module/;

/** A page that could not be shown: what it asks the server failed, or its own code could not be fetched. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const isCodeMissing = error instanceof Error && CODE_MISSING.test(error.message);
  const retry = () => {
    // Browsers remember that a script could not be fetched; after an update it also has another name.
    if (isCodeMissing) return location.reload();
    reset();
    void router.invalidate();
  };
  return (
    <Stack maw={640} mx="auto" mt={48}>
      <ErrorPanel error={isCodeMissing ? unreachable() : error} onRetry={retry} />
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
