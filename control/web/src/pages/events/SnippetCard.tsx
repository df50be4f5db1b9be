import { Button, NativeSelect, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { apiKeysQuery, domainsQuery } from '#/api/queries';
import type { ApiKey, NewApiKey } from '#/api/types';
import { CodeBlock } from '#/ui/Copy';
import { Loaded } from '#/ui/PageState';
import { TextLink } from '#/ui/TextLink';
import { showError } from '#/ui/undo';
import classes from './SnippetCard.module.css';
import { scriptTags } from './snippets';

/** The script tags to put on every page, with the workspace's own publishable key and short domain. */
export function SnippetCard() {
  const keys = useQuery(apiKeysQuery);
  const domains = useQuery(domainsQuery);
  const [chosen, setChosen] = useState('');
  const domain = domains.data?.find((candidate) => candidate.id === chosen) ?? domains.data?.[0];
  return (
    <section className={`surface ${classes.card}`} aria-label="The snippet">
      <div className={classes.head}>
        <div>
          <Title order={2}>Put this on every page, once</Title>
          <Text size="sm" c="dimmed">
            In the head of your site’s template. It is under 2 kB, waits for consent where you ask for it, and respects
            Global Privacy Control.
          </Text>
        </div>
        {(domains.data?.length ?? 0) > 1 && (
          <NativeSelect
            size="xs"
            aria-label="Served from"
            data={(domains.data ?? []).map((candidate) => ({ value: candidate.id, label: candidate.host }))}
            value={domain?.id ?? ''}
            onChange={(event) => setChosen(event.currentTarget.value)}
          />
        )}
      </div>
      <Loaded query={keys} loading={<CodeBlock code=" " label="Script tags" />}>
        {(all) => {
          const key = all.find((candidate) => candidate.kind === 'publishable' && candidate.key);
          if (domains.data?.length === 0) return <DomainFirst />;
          if (!key?.key) return <MakeKey />;
          return <CodeBlock code={scriptTags(domain?.origin ?? '…', key.key)} label="Script tags" />;
        }}
      </Loaded>
    </section>
  );
}

function DomainFirst() {
  return (
    <Text size="sm">
      The snippet comes from your own short domain.{' '}
      <TextLink to="/settings" search={{ tab: 'domains' }} size="sm">
        Add one first
      </TextLink>
    </Text>
  );
}

function MakeKey() {
  const queryClient = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      api.post<ApiKey>('/api-keys', { name: 'Website', kind: 'publishable', allowed_origins: [] } satisfies NewApiKey),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: apiKeysQuery.queryKey }),
    onError: showError,
  });
  return (
    <Stack align="start" gap="xs">
      <Text size="sm">They need a publishable key. It may only report events, so it can stand in a page.</Text>
      <Button size="xs" loading={create.isPending} onClick={() => create.mutate()}>
        Make a publishable key
      </Button>
    </Stack>
  );
}
