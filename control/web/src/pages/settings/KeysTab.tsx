import { Badge, Button, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { apiKeysQuery } from '#/api/queries';
import type { ApiKey } from '#/api/types';
import { ConfirmDialog } from '#/ui/ConfirmDialog';
import { CopyIcon } from '#/ui/Copy';
import { Moment } from '#/ui/Moment';
import { EmptyState, Loaded } from '#/ui/PageState';
import { Rows } from '#/ui/Rows';
import { showDone } from '#/ui/undo';
import { KeyDialog } from './KeyDialog';
import { SettingsCard } from './SettingsCard';
import classes from './SettingsPage.module.css';

const COLUMNS = [
  { label: 'Name' },
  { label: 'Key' },
  { label: 'Allowed sites' },
  { label: 'Last used' },
  { label: 'Actions', isHidden: true },
];

export function KeysTab() {
  const keys = useQuery(apiKeysQuery);
  const [isNew, setNew] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  return (
    <SettingsCard
      text="Publishable keys stand in pages and may only report events. Secret keys are for your servers and may do everything in this workspace."
      add={{ label: 'New key', onClick: () => setNew(true) }}
    >
      <Loaded query={keys}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No keys yet">Make a publishable one for your website’s snippet.</EmptyState>
          ) : (
            <Rows label="Keys" columns={COLUMNS}>
              {items.map((key) => (
                <KeyRow key={key.id} apiKey={key} onRevoke={() => setRevoked(key)} />
              ))}
            </Rows>
          )
        }
      </Loaded>
      {isNew && <KeyDialog onClose={() => setNew(false)} />}
      {revoked && <RevokeKey apiKey={revoked} onClose={() => setRevoked(null)} />}
    </SettingsCard>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  return (
    <Table.Tr>
      <Table.Td className={classes.name ?? ''}>
        <span className="truncate" style={{ fontWeight: 550 }} title={apiKey.name}>
          {apiKey.name}
        </span>
        <Badge size="xs" variant="default">
          {apiKey.kind === 'secret' ? 'Secret' : 'Publishable'}
        </Badge>
      </Table.Td>
      <Table.Td className="nowrap">
        <code className="mono">{apiKey.key ?? apiKey.hint}</code>
        {apiKey.key && <CopyIcon text={apiKey.key} label={`Copy key ${apiKey.name}`} />}
      </Table.Td>
      <Table.Td>{apiKey.kind === 'secret' ? '–' : apiKey.allowed_origins.join(', ') || 'All'}</Table.Td>
      <Table.Td>
        {apiKey.last_used_at ? (
          <Moment at={apiKey.last_used_at} style="ago" />
        ) : (
          <Text span size="sm" c="dimmed">
            {apiKey.kind === 'secret' ? 'Never' : '–'}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="number">
        <Button size="compact-sm" variant="subtle" color="gray" aria-label={`Revoke ${apiKey.name}`} onClick={onRevoke}>
          Revoke
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.delete(`/api-keys/${apiKey.id}`),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: apiKeysQuery.queryKey });
      onClose();
      showDone(`“${apiKey.name}” is revoked.`);
    },
  });
  return (
    <ConfirmDialog
      title={`Revoke “${apiKey.name}”?`}
      confirmLabel="Revoke"
      error={revoke.error}
      isBusy={revoke.isPending}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      Whatever uses this key stops working at once, and this can’t be undone.
    </ConfirmDialog>
  );
}
