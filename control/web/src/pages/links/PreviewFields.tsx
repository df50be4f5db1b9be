import { Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { LinkPreview } from '#/api/types';
import { addressError } from './destination';
import type { LinkForm } from './LinkDialog';
import classes from './PreviewFields.module.css';

export function PreviewFields({ form }: { form: LinkForm }) {
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        What messengers and social networks show for the link. Without it they show what the destination says of itself.
      </Text>
      <TextInput label="Headline" maxLength={200} {...form.getInputProps('preview.title')} />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        maxRows={5}
        maxLength={500}
        {...form.getInputProps('preview.description')}
      />
      <TextInput
        label="Image"
        description="Its address; 1200 × 630 pixels fit most networks."
        placeholder="https://shop.example.com/spring.jpg"
        type="url"
        inputMode="url"
        {...form.getInputProps('preview.image')}
      />
      <PreviewCard preview={form.values.preview} destination={form.values.destination} />
    </Stack>
  );
}

/** About what a messenger makes of it. */
function PreviewCard({ preview, destination }: { preview: LinkPreview; destination: string }) {
  const { title, description, image } = preview;
  if (!title && !description && !image) return null;
  return (
    <figure className={classes.card} aria-label="How the preview may look">
      <PreviewImage key={image} address={image.trim()} />
      <figcaption className={classes.words}>
        <Text span size="xs" c="dimmed" className="truncate">
          {hostOf(destination)}
        </Text>
        {title && <strong className={classes.title}>{title}</strong>}
        {description && (
          <Text span size="sm" className={classes.description}>
            {description}
          </Text>
        )}
      </figcaption>
    </figure>
  );
}

function PreviewImage({ address }: { address: string }) {
  const [isBroken, setBroken] = useState(false);
  if (!address || addressError(address)) return null;
  if (isBroken) return <div className={classes.broken}>There is no image at this address.</div>;
  return (
    <img className={classes.image} src={address} alt="" referrerPolicy="no-referrer" onError={() => setBroken(true)} />
  );
}

function hostOf(destination: string): string {
  return URL.canParse(destination) ? new URL(destination).host : '';
}
