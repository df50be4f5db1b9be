import { Button, Group, Text, TextInput } from '@mantine/core';
import type { Link } from '#/api/types';
import type { LinkForm } from './LinkDialog';

export function PasswordField({ form, link }: { form: LinkForm; link: Link | null }) {
  if (form.values.password === null) {
    return (
      <Group justify="space-between" gap="xs">
        <Text size="sm">Visitors are asked for a password.</Text>
        <Button size="xs" variant="default" onClick={() => form.setFieldValue('password', '')}>
          Change or remove
        </Button>
      </Group>
    );
  }
  return (
    <TextInput
      label="Password"
      description={
        link?.has_password
          ? 'Left empty, the link no longer asks for one.'
          : 'Visitors are asked for it before they are led on. Note it: it is never shown again.'
      }
      placeholder="None"
      maxLength={128}
      autoComplete="off"
      spellCheck={false}
      {...form.getInputProps('password')}
    />
  );
}
