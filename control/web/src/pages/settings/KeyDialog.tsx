import { Button, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { apiKeysQuery } from '#/api/queries';
import type { ApiKey, KeyKind, NewApiKey } from '#/api/types';
import { CodeBlock } from '#/ui/Copy';
import { Dialog } from '#/ui/Dialog';
import { FormDialog } from '#/ui/FormDialog';
import { applyProblem } from '#/ui/fieldErrors';

const FIELDS = ['name', 'kind', 'allowed_origins'] as const;
const KINDS: { value: KeyKind; label: string }[] = [
  { value: 'publishable', label: 'Publishable: for pages' },
  { value: 'secret', label: 'Secret: for servers' },
];

export function KeyDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const [error, setError] = useState<string | null>(null);
  const form = useForm({
    initialValues: { name: '', kind: 'publishable' as KeyKind, allowed_origins: '' },
    validate: { name: (name) => (name.trim() ? null : 'Say what the key is for.') },
  });
  const create = useMutation({
    mutationFn: (key: NewApiKey) => api.post<ApiKey>('/api-keys', key),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: apiKeysQuery.queryKey }),
    onError: (problem) => setError(applyProblem(form, problem, FIELDS)),
  });
  if (create.data) return <NewKey apiKey={create.data} onClose={onClose} />;
  const isPublishable = form.values.kind === 'publishable';
  const submit = form.onSubmit(({ name, kind, allowed_origins }) => {
    setError(null);
    create.mutate({ name: name.trim(), kind, allowed_origins: isPublishable ? linesOf(allowed_origins) : [] });
  });
  return (
    <FormDialog
      title="New key"
      submitLabel="Create key"
      isBusy={create.isPending}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput label="Name" placeholder="Website" required data-autofocus {...form.getInputProps('name')} />
      <NativeSelect label="Kind" data={KINDS} {...form.getInputProps('kind')} />
      {isPublishable && (
        <Textarea
          label="Allowed sites"
          description="One a line. Empty: any site may use the key."
          placeholder="https://shop.example.com"
          rows={3}
          spellCheck={false}
          {...form.getInputProps('allowed_origins')}
        />
      )}
    </FormDialog>
  );
}

function NewKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  return (
    <Dialog onClose={onClose} title={`Key “${apiKey.name}”`} closeOnClickOutside={false}>
      <Stack gap="md">
        <Text size="sm">
          {apiKey.kind === 'secret'
            ? 'Copy the key now and keep it safe: it is shown this once.'
            : 'The key is ready. Events shows the tag that carries it.'}
        </Text>
        <CodeBlock code={apiKey.key ?? ''} label="Key" />
        <Button onClick={onClose} style={{ alignSelf: 'end' }}>
          Done
        </Button>
      </Stack>
    </Dialog>
  );
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}
