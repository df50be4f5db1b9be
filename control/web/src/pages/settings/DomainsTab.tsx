import { ActionIcon, Menu, Table } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { domainsQuery } from '#/api/queries';
import type { Domain } from '#/api/types';
import { CONSENT } from '#/lib/words';
import { ConfirmDialog } from '#/ui/ConfirmDialog';
import { Icon } from '#/ui/Icon';
import { Moment } from '#/ui/Moment';
import { EmptyState, Loaded } from '#/ui/PageState';
import { Rows } from '#/ui/Rows';
import { showDone } from '#/ui/undo';
import { DomainDialog } from './DomainDialog';
import { SettingsCard } from './SettingsCard';
import classes from './SettingsPage.module.css';

const COLUMNS = [
  { label: 'Domain' },
  { label: 'Unknown links lead to' },
  { label: 'Cookies' },
  { label: 'Added' },
  { label: 'Actions', isHidden: true },
];

type Dialog = { kind: 'new' } | { kind: 'edit' | 'remove'; domain: Domain } | null;

export function DomainsTab() {
  const domains = useQuery(domainsQuery);
  const [dialog, setDialog] = useState<Dialog>(null);
  return (
    <SettingsCard
      text="The hosts of your short links, such as go.example.com. Point each one’s DNS at an edge."
      add={{ label: 'Add domain', onClick: () => setDialog({ kind: 'new' }) }}
    >
      <Loaded query={domains}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No domain yet">
              Links need a host of yours to live on. A subdomain of your website works best.
            </EmptyState>
          ) : (
            <Rows label="Domains" columns={COLUMNS}>
              {items.map((domain) => (
                <DomainRow key={domain.id} domain={domain} onDialog={setDialog} />
              ))}
            </Rows>
          )
        }
      </Loaded>
      {(dialog?.kind === 'new' || dialog?.kind === 'edit') && (
        <DomainDialog domain={dialog.kind === 'edit' ? dialog.domain : null} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'remove' && <RemoveDomain domain={dialog.domain} onClose={() => setDialog(null)} />}
    </SettingsCard>
  );
}

function DomainRow({ domain, onDialog }: { domain: Domain; onDialog: (dialog: Dialog) => void }) {
  return (
    <Table.Tr>
      <Table.Td fw={550} className={classes.name ?? ''}>
        {domain.host}
      </Table.Td>
      <Table.Td className={classes.name ?? ''}>
        <span className="truncate" title={domain.fallback_url}>
          {domain.fallback_url || 'A “not found” page'}
        </span>
      </Table.Td>
      <Table.Td className="nowrap">{CONSENT[domain.consent].label}</Table.Td>
      <Table.Td>
        <Moment at={domain.created_at} style="ago" />
      </Table.Td>
      <Table.Td>
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon aria-label={`More for ${domain.host}`}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Icon name="edit" size={16} />} onClick={() => onDialog({ kind: 'edit', domain })}>
              Edit
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="trash" size={16} />}
              onClick={() => onDialog({ kind: 'remove', domain })}
            >
              Remove
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}

function RemoveDomain({ domain, onClose }: { domain: Domain; onClose: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`/domains/${domain.id}`),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: domainsQuery.queryKey });
      onClose();
      showDone(`${domain.host} is removed.`);
    },
  });
  return (
    <ConfirmDialog
      title={`Remove ${domain.host}?`}
      confirmLabel="Remove"
      error={remove.error}
      isBusy={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      Edges will no longer answer for it. A domain that has links can’t be removed.
    </ConfirmDialog>
  );
}
