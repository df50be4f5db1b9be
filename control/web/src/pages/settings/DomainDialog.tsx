import { NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { domainsQuery } from '#/api/queries';
import type { Domain, NewDomain } from '#/api/types';
import { CONSENT } from '#/lib/words';
import { FormDialog } from '#/ui/FormDialog';
import { applyProblem } from '#/ui/fieldErrors';
import { showDone } from '#/ui/undo';

const FIELDS = ['host', 'fallback_url', 'consent'] as const;

export function DomainDialog({ domain, onClose }: { domain: Domain | null; onClose: () => void }) {
  const queryClient = useQueryClient();
  const [error, setError] = useState<string | null>(null);
  const form = useForm<Required<NewDomain>>({
    initialValues: {
      host: domain?.host ?? '',
      fallback_url: domain?.fallback_url ?? '',
      consent: domain?.consent ?? 'granted',
    },
    validate: { host: (host) => (host.trim() ? null : 'Enter a host, such as go.example.com.') },
  });
  const save = useMutation({
    // A host stays as it is: it stands in links that are out there.
    mutationFn: ({ host, ...rest }: Required<NewDomain>) =>
      domain
        ? api.patch<Domain>(`/domains/${domain.id}`, rest)
        : api.post<Domain>('/domains', { host: host.trim(), ...rest }),
    onSuccess: async (saved) => {
      await queryClient.invalidateQueries({ queryKey: domainsQuery.queryKey });
      onClose();
      showDone(domain ? `${saved.host} is changed.` : `${saved.host} is added.`);
    },
    onError: (problem) => setError(applyProblem(form, problem, FIELDS, 'host')),
  });
  const submit = form.onSubmit((values) => {
    setError(null);
    save.mutate({ ...values, fallback_url: values.fallback_url.trim() });
  });
  return (
    <FormDialog
      title={domain ? 'Edit domain' : 'Add domain'}
      submitLabel={domain ? 'Save' : 'Add domain'}
      isBusy={save.isPending}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label="Host"
        description="Without https:// and without a path."
        placeholder="go.example.com"
        required
        disabled={domain !== null}
        data-autofocus
        spellCheck={false}
        {...form.getInputProps('host')}
      />
      <TextInput
        label="Unknown links lead to"
        description="Where somebody lands who mistypes a short link. Empty: a “not found” page."
        placeholder="https://www.example.com/"
        type="url"
        {...form.getInputProps('fallback_url')}
      />
      <NativeSelect
        label="Cookies"
        description={CONSENT[form.values.consent].help}
        data={Object.entries(CONSENT).map(([value, words]) => ({ value, label: words.label }))}
        {...form.getInputProps('consent')}
      />
    </FormDialog>
  );
}
