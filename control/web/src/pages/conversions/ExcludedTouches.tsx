import { Table, Title } from '@mantine/core';
import type { Explanation } from '#/api/types';
import { plural } from '#/lib/numbers';
import { exclusionReason } from '#/lib/words';
import { Moment } from '#/ui/Moment';
import { Rows } from '#/ui/Rows';
import { TouchSource } from './TouchSource';

const COLUMNS = [{ label: 'Touch' }, { label: 'Why it earns nothing' }, { label: 'When' }];

/** What was considered and left out, each with its reason. */
export function ExcludedTouches({ conversion: { excluded } }: { conversion: Explanation }) {
  if (excluded.length === 0) return null;
  return (
    <section className="surface" aria-label="Left out">
      <Title order={2} px="md" pt="sm">
        Left out: {plural(excluded.length, 'touch', 'touches')}
      </Title>
      <Rows label="Touches left out" columns={COLUMNS}>
        {excluded.map((touch) => (
          <Table.Tr key={`${touch.id} ${touch.reason}`}>
            <Table.Td>
              <TouchSource touch={touch} />
            </Table.Td>
            <Table.Td>{exclusionReason(touch.reason)}</Table.Td>
            <Table.Td>
              <Moment at={touch.occurred_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
    </section>
  );
}
