import { Alert, Button, Group, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { Dialog } from '#/ui/Dialog';

interface FormDialogProps {
  title: string;
  submitLabel: string;
  isBusy: boolean;
  /** What belongs to no single field. */
  error?: string | null;
  size?: string;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a dialog: Enter saves, Escape closes, focus goes back to where it came from. */
export function FormDialog({
  title,
  submitLabel,
  isBusy,
  error,
  size = 'md',
  onSubmit,
  onClose,
  children,
}: FormDialogProps) {
  return (
    <Dialog onClose={onClose} title={title} size={size} closeOnClickOutside={false}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {error && (
            <Alert color="red" role="alert">
              {error}
            </Alert>
          )}
          {children}
          <Group justify="end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              {submitLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
