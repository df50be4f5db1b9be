import { ActionIcon, Button, Tooltip, VisuallyHidden } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { ScrollRegion } from '#/ui/ScrollRegion';
import classes from './Copy.module.css';
import { Icon } from './Icon';

const FEEDBACK_MS = 2000;

/** Copies a text; says so for two seconds, to the eye and to screen readers. */
export function CopyIcon({ text, label }: { text: string; label: string }) {
  const clipboard = useClipboard({ timeout: FEEDBACK_MS });
  return (
    <Tooltip label={clipboard.copied ? 'Copied' : label}>
      <ActionIcon aria-label={label} color={clipboard.copied ? 'green' : 'gray'} onClick={() => clipboard.copy(text)}>
        <Icon name={clipboard.copied ? 'check' : 'copy'} />
        <VisuallyHidden role="status">{clipboard.copied ? 'Copied' : ''}</VisuallyHidden>
      </ActionIcon>
    </Tooltip>
  );
}

/** A piece of code with its copy button. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  const clipboard = useClipboard({ timeout: FEEDBACK_MS });
  return (
    <div className={classes.block}>
      <ScrollRegion label={label} className={classes.scroll}>
        <pre className={classes.code}>{code}</pre>
      </ScrollRegion>
      <Button
        className={classes.button ?? ''}
        size="compact-xs"
        variant="default"
        leftSection={<Icon name={clipboard.copied ? 'check' : 'copy'} size={14} />}
        aria-label={clipboard.copied ? 'Copied' : `Copy ${label.toLowerCase()}`}
        aria-live="polite"
        onClick={() => clipboard.copy(code)}
      >
        {clipboard.copied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
