import { ActionIcon, Badge, Menu, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { messageOf } from '#/api/problem';
import { domainsQuery } from '#/api/queries';
import type { Domain } from '#/api/types';
import { CONSENT } from '#/lib/words';
import { ConfirmDialog } from '#/ui/ConfirmDialog';
import { FormDialog } from '#/ui/FormDialog';
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
  { label: 'Leads to an edge' },
  { label: 'Added' },
  { label: 'Actions', isHidden: true },
];

type Dialog = { kind: 'new' } | { kind: 'edit' | 'remove' | 'check'; domain: Domain } | null;

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
      {dialog?.kind === 'check' && <CheckDomain domain={dialog.domain} onClose={() => setDialog(null)} />}
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
      <Table.Td className="nowrap">
        <Badge variant="dot" color={domain.verified_at ? 'green' : 'gray'} tt="none" fw={500}>
          {domain.verified_at ? 'Yes' : 'Not checked'}
        </Badge>
      </Table.Td>
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
            {!domain.verified_at && (
              <Menu.Item
                leftSection={<Icon name="check" size={16} />}
                onClick={() => onDialog({ kind: 'check', domain })}
              >
                Check
              </Menu.Item>
            )}
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

function CheckDomain({ domain, onClose }: { domain: Domain; onClose: () => void }) {
  const queryClient = useQueryClient();
  const check = useMutation({
    mutationFn: () => api.post<Domain>(`/domains/${domain.id}/verify`, {}),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: domainsQuery.queryKey });
      onClose();
      showDone(`${domain.host} leads to an edge.`);
    },
  });
  return (
    <FormDialog
      title={`Check where ${domain.host} leads`}
      submitLabel="Check"
      error={check.error && messageOf(check.error)}
      isBusy={check.isPending}
      onSubmit={(event) => {
        event.preventDefault();
        check.mutate();
      }}
      onClose={onClose}
    >
      <Text size="sm">
        Its DNS should point at an edge by now. Once an edge answers for it, servers in front can get a certificate.
      </Text>
    </FormDialog>
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
