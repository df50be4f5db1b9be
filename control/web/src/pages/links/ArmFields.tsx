import { ActionIcon, Button, Stack, TextInput } from '@mantine/core';
import { Icon } from '#/ui/Icon';
import type { LinkForm } from './LinkDialog';
import classes from './RuleCard.module.css';
import { ARMS_MAX, newArm, type RuleValues, shares } from './rulesForm';

const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

export function ArmFields({ form, rule, at }: { form: LinkForm; rule: RuleValues; at: number }) {
  const { arms } = rule;
  const isSplit = arms.length > 1;
  const parts = shares(arms);
  const path = `rules.${at}.arms`;
  return (
    <Stack gap="sm">
      {arms.map((arm, index) => (
        <div key={arm.key} className={classes.arm} data-alone={isSplit ? undefined : true}>
          <TextInput
            label={isSplit ? `Destination ${letterOf(index)}` : 'Leads to'}
            placeholder="https://shop.example.com/spring"
            type="url"
            inputMode="url"
            required
            {...form.getInputProps(`${path}.${index}.destination`)}
          />
          {isSplit && (
            <>
              <TextInput
                label="Weight"
                type="number"
                inputMode="numeric"
                min={1}
                max={10000}
                className={classes.weight ?? ''}
                rightSection={<span className={classes.share}>= {percent.format(parts[index] ?? 0)}</span>}
                rightSectionWidth={56}
                {...form.getInputProps(`${path}.${index}.weight`)}
              />
              <ActionIcon
                className={classes.remove ?? ''}
                aria-label={`Remove destination ${letterOf(index)} of rule ${at + 1}`}
                onClick={() => form.removeListItem(path, index)}
              >
                <Icon name="trash" size={16} />
              </ActionIcon>
            </>
          )}
        </div>
      ))}
      {arms.length < ARMS_MAX && (
        <Button
          variant="subtle"
          size="compact-sm"
          className={classes.only ?? ''}
          leftSection={<Icon name="plus" size={14} />}
          onClick={() => form.insertListItem(path, newArm('', averageWeight(rule)))}
        >
          {isSplit ? 'Add a destination' : 'Split between several destinations'}
        </Button>
      )}
    </Stack>
  );
}

/** `A`, `B`, …: a rule has at most 20. */
function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** A further destination gets as much as the others have on average. */
function averageWeight({ arms }: RuleValues): number {
  const total = arms.reduce((sum, { weight }) => sum + (Number(weight) || 0), 0);
  return Math.max(1, Math.round(total / arms.length));
}
