import { Stack, TextInput } from '@mantine/core';
import type { Link } from '#/api/types';
import { useTimezone } from '#/app/session';
import { plural } from '#/lib/numbers';
import { Note } from '#/ui/Note';
import type { LinkForm } from './LinkDialog';

export function ClosingFields({ form, link }: { form: LinkForm; link: Link | null }) {
  const timezone = useTimezone();
  return (
    <Stack gap="md">
      <TextInput
        label="Expires"
        description={`From this moment the link is closed. Time of ${timezone.replaceAll('_', ' ')}.`}
        type="datetime-local"
        max="9999-12-31T23:59"
        {...form.getInputProps('expires_at')}
      />
      <TextInput
        label="Click limit"
        description="Closed after so many clicks by people. A few more may get through: those that arrive between the click that reaches the limit and the moment at which all edges know, usually well under a second."
        type="number"
        inputMode="numeric"
        min={1}
        placeholder="No limit"
        {...form.getInputProps('click_limit')}
      />
      {link?.click_limit != null && (
        <Note>
          {plural(link.clicks, 'click')} so far.{' '}
          {link.exhausted && 'The limit is reached: a higher one opens the link again.'}
        </Note>
      )}
      <TextInput
        label="Once closed, leads to"
        description="Empty: a page that says that the link is no longer available."
        placeholder="https://shop.example.com/offers"
        type="url"
        inputMode="url"
        {...form.getInputProps('closed_url')}
      />
    </Stack>
  );
}
