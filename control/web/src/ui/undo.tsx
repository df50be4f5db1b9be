import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { messageOf } from '#/api/problem';

const UNDO_MS = 10_000;

/** Says what was done and offers to take it back. */
export function offerUndo(message: string, undo: () => Promise<unknown>): void {
  const id = notifications.show({
    autoClose: UNDO_MS,
    withCloseButton: true,
    closeButtonProps: { 'aria-label': 'Dismiss' },
    message: (
      <Group justify="space-between" wrap="nowrap">
        <span>{message}</span>
        <Button
          size="compact-sm"
          style={{ flex: 'none' }}
          variant="light"
          onClick={() => {
            notifications.hide(id);
            undo().catch(showError);
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  });
}

export function showDone(message: string): void {
  notifications.show({ message, color: 'green', closeButtonProps: { 'aria-label': 'Dismiss' } });
}

export function showError(error: unknown): void {
  notifications.show({
    title: 'That did not work',
    message: messageOf(error),
    color: 'red',
    autoClose: UNDO_MS,
    closeButtonProps: { 'aria-label': 'Dismiss' },
  });
}
