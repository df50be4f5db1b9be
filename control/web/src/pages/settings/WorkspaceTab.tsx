import { Alert, Button, NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api } from '#/api/client';
import type { Session, Workspace } from '#/api/types';
import { sessionQuery, useWorkspace } from '#/app/session';
import { timezones } from '#/lib/time';
import { CurrencySelect } from '#/ui/CurrencySelect';
import { applyProblem } from '#/ui/fieldErrors';
import { showDone } from '#/ui/undo';
import classes from './SettingsPage.module.css';

const FIELDS = ['name', 'timezone', 'currency'] as const;

export function WorkspaceTab() {
  const workspace = useWorkspace();
  const queryClient = useQueryClient();
  const zones = useMemo(() => timezones(workspace.timezone), [workspace.timezone]);
  const [error, setError] = useState<string | null>(null);
  const form = useForm({
    initialValues: { name: workspace.name, timezone: workspace.timezone, currency: workspace.currency },
    validate: { name: (name) => (name.trim() ? null : 'Give the workspace a name.') },
  });
  const save = useMutation({
    mutationFn: (values: Omit<Workspace, 'id'>) =>
      api.patch<Workspace>('/workspace', { ...values, name: values.name.trim() }),
    onSuccess: async (saved) => {
      queryClient.setQueryData(sessionQuery.queryKey, (old: Session | undefined) => old && withWorkspace(old, saved));
      form.resetDirty();
      // Days and currency of every report follow the workspace.
      await queryClient.invalidateQueries({ queryKey: ['reports'] });
      showDone('The workspace is changed.');
    },
    onError: (problem) => setError(applyProblem(form, problem, FIELDS)),
  });
  const submit = form.onSubmit((values) => {
    setError(null);
    save.mutate(values);
  });
  return (
    <form className={`surface ${classes.form}`} onSubmit={submit} noValidate aria-label="Workspace">
      {error && (
        <Alert color="red" role="alert">
          {error}
        </Alert>
      )}
      <TextInput label="Name" required {...form.getInputProps('name')} />
      <NativeSelect
        label="Time zone"
        description="A day of your reports begins at midnight here."
        data={zones}
        {...form.getInputProps('timezone')}
      />
      <CurrencySelect
        label="Currency"
        description="Reports add up amounts in it; other currencies are listed apart."
        {...form.getInputProps('currency')}
      />
      <Button type="submit" loading={save.isPending} disabled={!form.isDirty()} style={{ justifySelf: 'start' }}>
        Save
      </Button>
    </form>
  );
}

function withWorkspace(session: Session, workspace: Workspace): Session {
  const workspaces = session.workspaces.map((old) => (old.id === workspace.id ? workspace : old));
  return { ...session, workspace, workspaces };
}
