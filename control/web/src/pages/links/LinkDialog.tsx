import { Button, Collapse, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { domainsQuery } from '#/api/queries';
import type { Domain, Link } from '#/api/types';
import { shortName } from '#/lib/urls';
import { FormDialog } from '#/ui/FormDialog';
import { applyProblem } from '#/ui/fieldErrors';
import { Icon } from '#/ui/Icon';
import { showDone } from '#/ui/undo';
import { AdvancedFields } from './AdvancedFields';
import { CampaignField } from './CampaignField';
import { ChannelField } from './ChannelField';
import classes from './LinkDialog.module.css';
import {
  ADVANCED_FIELDS,
  destinationError,
  initialValues,
  LINK_FIELDS,
  type LinkFormValues,
  requestOf,
} from './linkForm';
import { useSaveLink } from './queries';

export type LinkForm = UseFormReturnType<LinkFormValues>;

export function LinkDialog({ link, onClose }: { link: Link | null; onClose: () => void }) {
  const domains = useQuery(domainsQuery);
  const save = useSaveLink(link);
  const [error, setError] = useState<string | null>(null);
  const [isAdvanced, setAdvanced] = useState(false);
  const form: LinkForm = useForm({
    initialValues: initialValues(link),
    validate: {
      destination: destinationError,
      channel: (channel) => (channel.trim() ? null : 'Say where you share the link.'),
    },
  });

  const submit = form.onSubmit((values) => {
    setError(null);
    save.mutate(requestOf(values), {
      onSuccess: (saved) => {
        onClose();
        showDone(link ? `${shortName(saved.short_url)} is changed.` : `${shortName(saved.short_url)} is live.`);
      },
      onError: (problem) => {
        setError(applyProblem(form, problem, LINK_FIELDS, 'slug'));
        if (hasAdvancedError(form)) setAdvanced(true);
      },
    });
  });

  return (
    <FormDialog
      title={link ? 'Edit link' : 'New link'}
      submitLabel={link ? 'Save' : 'Create link'}
      size="lg"
      isBusy={save.isPending}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextInput
        label="Destination"
        description="The page that opens when somebody clicks."
        placeholder="https://shop.example.com/spring"
        type="url"
        inputMode="url"
        required
        data-autofocus
        {...form.getInputProps('destination')}
      />
      <ShortAddress form={form} domains={domains.data ?? []} isNew={!link} />
      <TextInput
        label="Title"
        description="For your own lists; visitors never see it."
        {...form.getInputProps('title')}
      />
      <Group grow align="start" gap="sm" className={classes.pair ?? ''}>
        <CampaignField form={form} />
        <ChannelField form={form} />
      </Group>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        className={classes.more ?? ''}
        aria-expanded={isAdvanced}
        rightSection={<Icon name="chevronDown" size={14} />}
        onClick={() => setAdvanced(!isAdvanced)}
      >
        Advanced
      </Button>
      <Collapse expanded={isAdvanced}>
        <AdvancedFields form={form} link={link} />
      </Collapse>
    </FormDialog>
  );
}

function hasAdvancedError(form: LinkForm): boolean {
  return ADVANCED_FIELDS.some((field) => field in form.errors);
}

function ShortAddress({ form, domains, isNew }: { form: LinkForm; domains: Domain[]; isNew: boolean }) {
  return (
    <Stack gap={4}>
      <div className={classes.address}>
        <NativeSelect
          label="Domain"
          disabled={!isNew}
          data={[
            ...(isNew && domains.length === 0 ? [{ value: '', label: '–' }] : []),
            ...domains.map((domain) => ({ value: domain.id, label: domain.host })),
          ]}
          {...form.getInputProps('domain_id')}
        />
        <TextInput
          label="Short name"
          leftSection="/"
          placeholder={isNew ? 'made for you when empty' : ''}
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('slug')}
        />
      </div>
      {!isNew && (
        <Text size="xs" c="dimmed">
          A new short name stops the old one: links that are shared already would no longer work.
        </Text>
      )}
    </Stack>
  );
}
