import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon } from '#/ui/Icon';
import classes from './SettingsPage.module.css';

interface SettingsCardProps {
  text: string;
  add?: { label: string; onClick: () => void };
  children: ReactNode;
}

/** One list of the settings: what it is for, the way to add to it, and its rows. */
export function SettingsCard({ text, add, children }: SettingsCardProps) {
  return (
    <div className="surface">
      <div className={classes.head}>
        <p>{text}</p>
        {add && (
          <Button size="xs" leftSection={<Icon name="plus" size={14} />} onClick={add.onClick}>
            {add.label}
          </Button>
        )}
      </div>
      {children}
    </div>
  );
}
