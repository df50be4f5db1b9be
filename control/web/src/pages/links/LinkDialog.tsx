import { Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { domainsQuery } from '#/api/queries';
import type { Domain, Link } from '#/api/types';
import { useTimezone } from '#/app/session';
import { shortName } from '#/lib/urls';
import { FormDialog } from '#/ui/FormDialog';
import { applyProblem } from '#/ui/fieldErrors';
import { showDone } from '#/ui/undo';
import { CampaignField } from './CampaignField';
import { ChannelField } from './ChannelField';
import { addressError, destinationError } from './destination';
import classes from './LinkDialog.module.css';
import { LinkSections } from './LinkSections';
import {
  fieldOf,
  initialValues,
  type LinkFormValues,
  linkEditOf,
  newLinkOf,
  type Section,
  sectionsWith,
} from './linkForm';
import { useSaveLink } from './queries';
import { rulesValidation } from './rulesForm';

export type LinkForm = UseFormReturnType<LinkFormValues>;

export function LinkDialog({ link, onClose }: { link: Link | null; onClose: () => void }) {
  const domains = useQuery(domainsQuery);
  const timezone = useTimezone();
  const save = useSaveLink(link);
  const [error, setError] = useState<string | null>(null);
  const [open, setOpen] = useState<Section[]>([]);
  const [before] = useState(() => initialValues(link, timezone));
  const form: LinkForm = useForm({
    initialValues: before,
    validate: {
      destination: destinationError,
      channel: (channel) => (channel.trim() ? null : 'Say where you share the link.'),
      rules: rulesValidation,
      click_limit: (limit) => (/^\s*([1-9]\d{0,11})?\s*$/.test(limit) ? null : 'Enter a whole number from 1 up.'),
      closed_url: addressError,
      preview: { image: addressError },
    },
  });
  const openWrong = (errors: Record<string, unknown>) =>
    setOpen((sections) => [...new Set([...sections, ...sectionsWith(errors)])]);

  const submit = form.onSubmit((values) => {
    setError(null);
    save.mutate(link ? linkEditOf(values, before, timezone) : newLinkOf(values, timezone), {
      onSuccess: (saved) => {
        onClose();
        showDone(link ? `${shortName(saved.short_url)} is changed.` : `${shortName(saved.short_url)} is live.`);
      },
      onError: (problem) => {
        setError(applyProblem({ setErrors: showAll }, problem, fieldOf, 'slug'));
      },
    });
  }, openWrong);
  const showAll = (errors: Record<string, string>) => {
    form.setErrors(errors);
    openWrong(errors);
  };

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
      <LinkSections form={form} link={link} open={open} onOpen={setOpen} />
    </FormDialog>
  );
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
