import { ActionIcon, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Icon } from '#/ui/Icon';
import { ArmFields } from './ArmFields';
import { ConditionFields } from './ConditionFields';
import type { LinkForm } from './LinkDialog';
import classes from './RuleCard.module.css';
import { audienceOf, isForEveryone, type RuleValues } from './rulesForm';

interface RuleCardProps {
  form: LinkForm;
  rule: RuleValues;
  at: number;
  count: number;
  onMove: (to: number) => void;
  onRemove: () => void;
}

export function RuleCard({ form, rule, at, count, onMove, onRemove }: RuleCardProps) {
  const [isChoosing, setChoosing] = useState(!isForEveryone(rule) || rule.arms.length === 1);
  const name = `Rule ${at + 1}`;
  return (
    <section id={`rule-${at}`} className={classes.card} aria-label={name}>
      <Group justify="space-between" gap="xs" wrap="nowrap" className={classes.head ?? ''}>
        <Text size="sm" className="truncate">
          <strong>{name}</strong> · {audienceOf(rule)}
        </Text>
        <Group gap={0} wrap="nowrap">
          {count > 1 && (
            <>
              <ActionIcon
                size="md"
                data-move="up"
                aria-label={`Move ${name} up`}
                disabled={at === 0}
                onClick={() => onMove(at - 1)}
              >
                <Icon name="arrowUp" size={16} />
              </ActionIcon>
              <ActionIcon
                size="md"
                data-move="down"
                aria-label={`Move ${name} down`}
                disabled={at === count - 1}
                onClick={() => onMove(at + 1)}
              >
                <Icon name="arrowDown" size={16} />
              </ActionIcon>
            </>
          )}
          <ActionIcon size="md" aria-label={`Remove ${name}`} onClick={onRemove}>
            <Icon name="trash" size={16} />
          </ActionIcon>
        </Group>
      </Group>
      <Stack gap="md" className={classes.body ?? ''}>
        {isChoosing ? (
          <ConditionFields form={form} rule={rule} at={at} />
        ) : (
          <Button
            data-first
            variant="subtle"
            size="compact-sm"
            className={classes.only ?? ''}
            onClick={() => setChoosing(true)}
          >
            Only for some visitors…
          </Button>
        )}
        <ArmFields form={form} rule={rule} at={at} />
      </Stack>
    </section>
  );
}
