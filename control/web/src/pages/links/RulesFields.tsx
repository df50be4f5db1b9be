import { Button, Group, Stack, Text } from '@mantine/core';
import { useRef } from 'react';
import { Icon } from '#/ui/Icon';
import type { LinkForm } from './LinkDialog';
import { RuleCard } from './RuleCard';
import { newRule, newSplit, RULES_MAX, type RuleValues } from './rulesForm';

export function RulesFields({ form }: { form: LinkForm }) {
  const { rules, destination } = form.values;
  const list = useRef<HTMLDivElement>(null);
  const add = (rule: RuleValues) => {
    form.insertListItem('rules', rule);
    focusLater(() => list.current?.querySelector(`#rule-${rules.length} [data-first]`));
  };
  const move = (from: number, to: number) => {
    form.reorderListItem('rules', { from, to });
    const way = to < from ? 'up' : 'down';
    focusLater(
      () =>
        list.current?.querySelector(`#rule-${to} [data-move="${way}"]:not(:disabled)`) ??
        list.current?.querySelector(`#rule-${to} [data-move]:not(:disabled)`),
    );
  };
  const remove = (at: number) => {
    form.removeListItem('rules', at);
    focusLater(() => list.current?.querySelector('[data-add]'));
  };
  return (
    <Stack gap="md" ref={list}>
      <Text size="sm" c="dimmed">
        {rules.length > 0
          ? 'The first rule that fits a visitor decides. Whom none fits goes to the destination above.'
          : 'Split the clicks between several pages, or send some visitors elsewhere: by country, device, language or time.'}
      </Text>
      {rules.map((rule, at) => (
        <RuleCard
          key={rule.key}
          form={form}
          rule={rule}
          at={at}
          count={rules.length}
          onMove={(to) => move(at, to)}
          onRemove={() => remove(at)}
        />
      ))}
      <Group gap="xs">
        {rules.length === 0 && (
          <Button data-add variant="default" size="xs" onClick={() => add(newSplit(destination))}>
            Start an A/B test
          </Button>
        )}
        {rules.length < RULES_MAX && (
          <Button
            data-add
            variant="default"
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => add(newRule())}
          >
            Add a rule
          </Button>
        )}
      </Group>
    </Stack>
  );
}

/** Moves the focus once the page shows what has just changed. */
function focusLater(find: () => Element | null | undefined): void {
  requestAnimationFrame(() => {
    const found = find();
    if (found instanceof HTMLElement) found.focus();
  });
}
