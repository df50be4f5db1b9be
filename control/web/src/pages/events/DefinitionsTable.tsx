import { ActionIcon, Badge, Button, Group, Menu, Table, Text } from '@mantine/core';
import type { EventDefinition } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { plural } from '#/lib/numbers';
import { COUNTING, MODELS } from '#/lib/words';
import { Icon } from '#/ui/Icon';
import { Rows } from '#/ui/Rows';
import classes from './DefinitionsTable.module.css';
import { useArchiveDefinition } from './queries';

const COLUMNS = [
  { label: 'Event' },
  { label: 'Counts' },
  { label: 'Window' },
  { label: 'Model' },
  { label: 'Value if none is sent', isNumber: true },
  { label: 'Actions', isHidden: true },
];

interface DefinitionsTableProps {
  definitions: EventDefinition[];
  onEdit: (definition: EventDefinition) => void;
  onCode: (definition: EventDefinition) => void;
}

export function DefinitionsTable({ definitions, onEdit, onCode }: DefinitionsTableProps) {
  return (
    <Rows label="Events" columns={COLUMNS}>
      {definitions.map((definition) => (
        <Table.Tr key={definition.id}>
          <Table.Td className={classes.name ?? ''}>
            <Group gap={8} wrap="nowrap">
              <span className="truncate" style={{ fontWeight: 550 }} title={definition.title}>
                {definition.title}
              </span>
              {!definition.standard && (
                <Badge size="xs" variant="default" style={{ flex: 'none' }}>
                  Custom
                </Badge>
              )}
            </Group>
            <Text span size="xs" c="dimmed" className="mono truncate">
              {definition.name}
            </Text>
          </Table.Td>
          <Table.Td className="nowrap">{COUNTING[definition.counting].label}</Table.Td>
          <Table.Td className="nowrap">{plural(definition.window_days, 'day')}</Table.Td>
          <Table.Td className="nowrap">{MODELS[definition.default_model]?.label ?? definition.default_model}</Table.Td>
          <Table.Td className="number">
            {definition.default_amount !== null && definition.default_currency
              ? formatMoney(definition.default_amount, definition.default_currency)
              : '–'}
          </Table.Td>
          <Table.Td>
            <DefinitionActions definition={definition} onEdit={onEdit} onCode={onCode} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function DefinitionActions({
  definition,
  onEdit,
  onCode,
}: { definition: EventDefinition } & Omit<DefinitionsTableProps, 'definitions'>) {
  const { archive, restore } = useArchiveDefinition();
  return (
    <Group gap={4} wrap="nowrap" justify="end">
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<Icon name="code" size={16} />}
        aria-label={`Code for ${definition.title}`}
        onClick={() => onCode(definition)}
      >
        Code
      </Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon aria-label={`More for ${definition.title}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="edit" size={16} />} onClick={() => onEdit(definition)}>
            Edit
          </Menu.Item>
          {definition.archived_at ? (
            <Menu.Item leftSection={<Icon name="restore" size={16} />} onClick={() => restore(definition)}>
              Restore
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="archive" size={16} />} onClick={() => archive(definition)}>
              Archive
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
