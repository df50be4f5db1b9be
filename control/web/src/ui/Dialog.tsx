import { Modal, type ModalProps } from '@mantine/core';
import { useEffect, useState } from 'react';

type DialogProps = Omit<ModalProps, 'opened'>;

/** A dialog that is open while it is mounted. Focus goes back to what opened it. */
export function Dialog(props: DialogProps) {
  const [opener] = useState(openerOf);
  useEffect(() => () => opener?.focus({ preventScroll: true }), [opener]);
  return <Modal opened {...props} />;
}

/** What had the focus; for an item of a menu, which is gone by then, the button of that menu. */
function openerOf(): HTMLElement | null {
  const focused = document.activeElement;
  const button = focused?.closest('[role="menu"]')?.getAttribute('aria-labelledby');
  const opener = button ? document.getElementById(button) : focused;
  return opener instanceof HTMLElement ? opener : null;
}
