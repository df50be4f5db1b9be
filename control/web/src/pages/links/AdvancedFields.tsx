import { NativeSelect, Stack, Switch, TextInput } from '@mantine/core';
import type { Carry, Link } from '#/api/types';
import { CARRY, REDIRECT_STATUSES } from '#/lib/words';
import type { LinkForm } from './LinkDialog';

const REFERRER_POLICIES = [
  { value: '', label: 'Not set: the browser decides' },
  { value: 'no-referrer', label: 'no-referrer' },
  { value: 'origin', label: 'origin' },
  { value: 'strict-origin-when-cross-origin', label: 'strict-origin-when-cross-origin' },
  { value: 'unsafe-url', label: 'unsafe-url' },
];

export function AdvancedFields({ form, link }: { form: LinkForm; link: Link | null }) {
  const { carry, status } = form.values;
  return (
    <Stack gap="md">
      <NativeSelect
        label="How the click reaches the page"
        description={CARRY[carry].help + resolvedAs(link, carry)}
        data={Object.entries(CARRY).map(([value, words]) => ({ value, label: words.label }))}
        {...form.getInputProps('carry')}
      />
      {(carry === 'query' || carry === 'auto') && (
        <TextInput
          label="Parameter name"
          description="Used when the click id travels in the query: ?ct=…"
          {...form.getInputProps('query_name')}
        />
      )}
      <Switch
        label="Pass parameters on"
        description="What is behind ? in the short link is added to the destination, such as gclid or utm_content. Turn it off where the destination is signed."
        {...form.getInputProps('forward_query', { type: 'checkbox' })}
      />
      <NativeSelect
        label="Redirect"
        description={REDIRECT_STATUSES[Number(status)]?.help}
        data={Object.entries(REDIRECT_STATUSES).map(([value, words]) => ({ value, label: words.label }))}
        {...form.getInputProps('status')}
      />
      <NativeSelect
        label="Referrer policy"
        description="What the destination may learn about the page that the click came from."
        data={REFERRER_POLICIES}
        {...form.getInputProps('referrer_policy')}
      />
      <Switch
        label="Honeypot"
        description="For a link that only machines find, such as one hidden in a page. It redirects, and its clicks are recorded but never counted."
        {...form.getInputProps('honeypot', { type: 'checkbox' })}
      />
    </Stack>
  );
}

function resolvedAs(link: Link | null, carry: Carry): string {
  return link && carry === 'auto' && link.carry === 'auto' ? ` Now: ${CARRY[link.carry_resolved].label}.` : '';
}
