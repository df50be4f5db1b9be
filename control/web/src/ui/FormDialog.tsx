import { Alert, Button, Group, Stack } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react';
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
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (!isBusy) focusInvalid(form.current);
  }, [isBusy]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    onSubmit(event);
    focusInvalid(form.current);
  };
  return (
    <Dialog onClose={onClose} title={title} size={size} closeOnClickOutside={false}>
      <form ref={form} onSubmit={submit} noValidate>
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

/** Leads to the first field that is wrong, once its error is shown. */
function focusInvalid(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
