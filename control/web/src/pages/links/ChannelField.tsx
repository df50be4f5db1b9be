import { NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { channelLabel, LINK_CHANNELS } from '#/lib/words';
import type { LinkForm } from './LinkDialog';

const ANOTHER = '+';

/** Where the link is shared: one of the usual channels, or a word of one's own. */
export function ChannelField({ form }: { form: LinkForm }) {
  const [isOwn, setOwn] = useState(false);
  const chosen = form.values.channel;
  if (isOwn) {
    return (
      <TextInput
        label="Channel"
        description="One word, such as podcast or billboard."
        required
        autoFocus
        {...form.getInputProps('channel')}
      />
    );
  }
  const offered = LINK_CHANNELS.includes(chosen) || !chosen ? LINK_CHANNELS : [chosen, ...LINK_CHANNELS];
  return (
    <NativeSelect
      label="Channel"
      description="Where you share it."
      required
      data={[
        ...(chosen ? [] : [{ value: '', label: 'Choose one' }]),
        ...offered.map((channel) => ({ value: channel, label: channelLabel(channel) })),
        { value: ANOTHER, label: 'Another…' },
      ]}
      value={chosen}
      error={form.errors.channel}
      onChange={(event) => {
        const { value } = event.currentTarget;
        setOwn(value === ANOTHER);
        form.setFieldValue('channel', value === ANOTHER ? '' : value);
      }}
    />
  );
}
