import type { ReactNode } from 'react';
import { Icon } from './Icon';
import classes from './Note.module.css';

/** A quiet remark beside figures; `warning` for one that a reader must not miss. */
export function Note({ kind = 'info', children }: { kind?: 'info' | 'warning'; children: ReactNode }) {
  return (
    <div className={classes.note} data-kind={kind} role="note">
      {kind === 'warning' && <Icon name="warning" />}
      <p>{children}</p>
    </div>
  );
}
