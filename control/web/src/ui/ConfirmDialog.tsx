import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { messageOf } from '#/api/problem';
import { Dialog } from '#/ui/Dialog';

interface ConfirmDialogProps {
  title: string;
  confirmLabel: string;
  error: Error | null;
  isBusy: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before what can't be undone. */
export function ConfirmDialog({
  title,
  confirmLabel,
  error,
  isBusy,
  onConfirm,
  onClose,
  children,
}: ConfirmDialogProps) {
  return (
    <Dialog onClose={onClose} title={title} size="sm">
      <Stack gap="md">
        {error && (
          <Alert color="red" role="alert">
            {messageOf(error)}
          </Alert>
        )}
        <Text size="sm">{children}</Text>
        <Group justify="end" gap="xs">
          <Button variant="default" data-autofocus onClick={onClose}>
            Cancel
          </Button>
          <Button color="red.9" loading={isBusy} onClick={onConfirm}>
            {confirmLabel}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
