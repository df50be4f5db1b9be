import { Alert, Button, Loader, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { api } from '#/api/client';
import { messageOf, Problem } from '#/api/problem';
import type { Session } from '#/api/types';
import { adopt, sessionQuery } from '#/app/session';
import { CodeBlock } from '#/ui/Copy';
import classes from './SignInPage.module.css';
import { tokenOf } from './search';

const route = getRouteApi('/sign-in');

/** Spends a one-time token. It is sent by script, never by loading the page, so that mail scanners don't use it up. */
export function SignInPage() {
  useDocumentTitle('Sign in · Clicktrail');
  const { token } = route.useSearch();
  const signIn = useSignIn();
  const { mutate } = signIn;
  const sent = useRef<string>(undefined);
  useEffect(() => {
    if (!token || sent.current === token) return;
    sent.current = token;
    mutate(token);
  }, [token, mutate]);

  const isWaiting = signIn.isPending || signIn.isSuccess;
  return (
    <main className={classes.page}>
      <div className={`surface ${classes.card}`}>
        <img src="/favicon.svg" alt="" width={40} height={40} />
        {isWaiting ? <SigningIn /> : <HowToSignIn error={signIn.error} onToken={mutate} />}
      </div>
    </main>
  );
}

function useSignIn() {
  const queryClient = useQueryClient();
  const router = useRouter();
  const search = route.useSearch();
  return useMutation({
    mutationFn: (token: string) => api.post<Session>('/auth/sign-in', { token }),
    onSuccess: (session) => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, adopt(session));
      router.history.replace(search.return ?? '/');
    },
    // A refused token is this page's own affair: it must not lead to the sign-in page again.
    onError: () => undefined,
  });
}

function SigningIn() {
  return (
    <Stack gap="sm" role="status">
      <Title order={1}>Signing you in…</Title>
      <Loader size="sm" aria-hidden="true" />
    </Stack>
  );
}

function HowToSignIn({ error, onToken }: { error: Error | null; onToken: (token: string) => void }) {
  const [pasted, setPasted] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (pasted.trim()) onToken(tokenOf(pasted));
  };
  return (
    <Stack gap="md">
      <Title order={1}>Sign in to Clicktrail</Title>
      {error && <SignInError error={error} />}
      <Text size="sm">
        You sign in with a link that works once. On the machine that runs Clicktrail, this command prints a new one:
      </Text>
      <CodeBlock code="clicktrail sign-in-link" label="Command" />
      <Text size="sm" c="dimmed">
        Somebody else runs it? Ask them to send you the link. Open it here, or paste it below.
      </Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Sign-in link"
            placeholder="https://…/sign-in?token=…"
            autoComplete="off"
            spellCheck={false}
            value={pasted}
            onChange={(event) => setPasted(event.currentTarget.value)}
          />
          <Button type="submit" disabled={!pasted.trim()}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}

function SignInError({ error }: { error: Error }) {
  const isRefused = error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429;
  const title = isRefused ? 'This link doesn’t work any more' : 'Signing in failed';
  return (
    <Alert color="red" title={title} role="alert">
      {messageOf(error)}
    </Alert>
  );
}
