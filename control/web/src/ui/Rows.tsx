import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import { ScrollRegion } from '#/ui/ScrollRegion';

export interface Column {
  label: string;
  isNumber?: boolean;
  /** Named for screen readers alone: a column of buttons needs no heading to the eye. */
  isHidden?: boolean;
}

/** A table that scrolls by itself where the screen is narrow, also by keyboard. */
export function Rows({ label, columns, children }: { label: string; columns: Column[]; children: ReactNode }) {
  return (
    <ScrollRegion label={label}>
      <Table highlightOnHover verticalSpacing={9} horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column.label} scope="col" className={column.isNumber ? 'number' : ''}>
                {column.isHidden ? <span className="visually-hidden">{column.label}</span> : column.label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </ScrollRegion>
  );
}
