import { Badge, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { edgesQuery } from '#/api/queries';
import type { Edge } from '#/api/types';
import { formatCount } from '#/lib/numbers';
import { EDGE_STATES } from '#/lib/words';
import { Moment } from '#/ui/Moment';
import { EmptyState, Loaded } from '#/ui/PageState';
import { Rows } from '#/ui/Rows';
import { SettingsCard } from './SettingsCard';
import classes from './SettingsPage.module.css';

const COLUMNS = [
  { label: 'Edge' },
  { label: 'State' },
  { label: 'Last heard' },
  { label: 'Workers', isNumber: true },
  { label: 'Changes behind', isNumber: true },
  { label: 'Waiting records', isNumber: true },
  { label: 'Lost records', isNumber: true },
];

export function EdgesTab() {
  const edges = useQuery(edgesQuery);
  return (
    <SettingsCard text="The servers that redirect your links. They go on redirecting when this control plane is down, and send their records later.">
      <Loaded query={edges}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No edge has reported yet">
              Start one with “clicktrail edge”, or everything at once with “clicktrail up”.
            </EmptyState>
          ) : (
            <Rows label="Edges" columns={COLUMNS}>
              {items.map((edge) => (
                <EdgeRow key={edge.id} edge={edge} />
              ))}
            </Rows>
          )
        }
      </Loaded>
    </SettingsCard>
  );
}

function EdgeRow({ edge }: { edge: Edge }) {
  const state = EDGE_STATES[edge.state];
  return (
    <Table.Tr>
      <Table.Td className={classes.name ?? ''}>
        <span className="truncate" style={{ fontWeight: 550 }} title={edge.name || edge.id}>
          {edge.name || edge.id}
        </span>
        <span className="mono">{edge.version}</span>
      </Table.Td>
      <Table.Td>
        <Badge variant="dot" color={state.color} title={state.help} tt="none" fw={500}>
          {state.label}
        </Badge>
        {edge.held_feed !== '' && (
          <Badge
            variant="dot"
            color="orange"
            title={`${edge.held_feed}. To let it happen, run “clicktrail-edge accept-feed” on that machine.`}
            tt="none"
            fw={500}
          >
            Holds changes back
          </Badge>
        )}
      </Table.Td>
      <Table.Td>{edge.last_seen_at ? <Moment at={edge.last_seen_at} style="ago" /> : 'Never'}</Table.Td>
      <Table.Td className="number">{formatCount(edge.workers)}</Table.Td>
      <Table.Td className="number">{formatCount(edge.lag_revs)}</Table.Td>
      <Table.Td className="number">{formatCount(edge.backlog_records)}</Table.Td>
      <Table.Td className="number">{formatCount(edge.gap_count)}</Table.Td>
    </Table.Tr>
  );
}
