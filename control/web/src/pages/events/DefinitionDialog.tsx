import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import type { EventDefinition } from '#/api/types';
import { useWorkspace } from '#/app/session';
import { COUNTING, MODEL_NAMES, MODELS } from '#/lib/words';
import { CurrencySelect } from '#/ui/CurrencySelect';
import { FormDialog } from '#/ui/FormDialog';
import { applyProblem } from '#/ui/fieldErrors';
import { showDone } from '#/ui/undo';
import {
  DEFINITION_FIELDS,
  initialValues,
  nameFromTitle,
  OFFERED_WINDOWS,
  requestOf,
  validate,
} from './definitionForm';
import { useSaveDefinition } from './queries';

export function DefinitionDialog({ definition, onClose }: { definition: EventDefinition | null; onClose: () => void }) {
  const { currency } = useWorkspace();
  const save = useSaveDefinition(definition);
  const [error, setError] = useState<string | null>(null);
  const form = useForm({ initialValues: initialValues(definition, currency), validate });
  const { values } = form;

  const submit = form.onSubmit((valid) => {
    setError(null);
    save.mutate(requestOf(valid), {
      onSuccess: (saved) => {
        onClose();
        showDone(
          definition
            ? `“${saved.title}” is changed. Past conversions are credited anew.`
            : `“${saved.title}” is ready.`,
        );
      },
      onError: (problem) => setError(applyProblem(form, problem, DEFINITION_FIELDS, 'name')),
    });
  });
  const changeTitle = (title: string) => {
    const follows = !definition && values.name === nameFromTitle(values.title);
    form.setFieldValue('title', title);
    if (follows) form.setFieldValue('name', nameFromTitle(title));
  };

  return (
    <FormDialog
      title={definition ? 'Edit event' : 'New event'}
      submitLabel={definition ? 'Save' : 'Create event'}
      isBusy={save.isPending}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label="Name in reports"
        placeholder="Demo booked"
        required
        data-autofocus
        {...form.getInputProps('title')}
        onChange={(event) => changeTitle(event.currentTarget.value)}
      />
      <TextInput
        label="Name in code"
        description={
          definition
            ? 'Pages and servers send it, therefore it stays.'
            : 'What pages and servers send. It can’t be changed later.'
        }
        required
        disabled={definition !== null}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        {...form.getInputProps('name')}
      />
      <NativeSelect
        label="How often it counts"
        description={COUNTING[values.counting].help}
        data={Object.entries(COUNTING).map(([value, words]) => ({ value, label: words.label }))}
        {...form.getInputProps('counting')}
      />
      <TextInput
        label="Attribution window, in days"
        description={<WindowHelp onChoose={(days) => form.setFieldValue('window_days', String(days))} />}
        descriptionProps={{ component: 'div' }}
        inputMode="numeric"
        required
        {...form.getInputProps('window_days')}
      />
      <NativeSelect
        label="Usual model"
        description={MODELS[values.default_model].help}
        data={MODEL_NAMES.map((model) => ({ value: model, label: MODELS[model].label }))}
        {...form.getInputProps('default_model')}
      />
      <Group gap="sm" align="start" grow>
        <TextInput
          label="Value if none is sent"
          description="Leave it empty where each report states its own."
          inputMode="decimal"
          placeholder="–"
          {...form.getInputProps('default_amount')}
        />
        <CurrencySelect label="Currency" {...form.getInputProps('default_currency')} />
      </Group>
    </FormDialog>
  );
}

function WindowHelp({ onChoose }: { onChoose: (days: number) => void }) {
  return (
    <>
      How long before the conversion a click may be and still get credit.
      <Group gap={6} mt={6}>
        {OFFERED_WINDOWS.map((days) => (
          <Button
            key={days}
            size="compact-xs"
            variant="default"
            aria-label={`${days} days`}
            onClick={() => onChoose(days)}
          >
            {days}
          </Button>
        ))}
      </Group>
    </>
  );
}
