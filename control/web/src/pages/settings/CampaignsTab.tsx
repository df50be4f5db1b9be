import { ActionIcon, Menu, Table, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '#/api/client';
import { campaignsQuery } from '#/api/queries';
import type { Campaign } from '#/api/types';
import { FormDialog } from '#/ui/FormDialog';
import { applyProblem } from '#/ui/fieldErrors';
import { Icon } from '#/ui/Icon';
import { Moment } from '#/ui/Moment';
import { EmptyState, Loaded } from '#/ui/PageState';
import { Rows } from '#/ui/Rows';
import { offerUndo, showError } from '#/ui/undo';
import { SettingsCard } from './SettingsCard';
import classes from './SettingsPage.module.css';

const COLUMNS = [{ label: 'Campaign' }, { label: 'Created' }, { label: 'Actions', isHidden: true }];

type Dialog = { campaign: Campaign | null } | null;

export function CampaignsTab() {
  const campaigns = useQuery(campaignsQuery);
  const [dialog, setDialog] = useState<Dialog>(null);
  return (
    <SettingsCard
      text="A campaign groups links over channels, so that reports can add them up."
      add={{ label: 'New campaign', onClick: () => setDialog({ campaign: null }) }}
    >
      <Loaded query={campaigns}>
        {(items) =>
          items.length === 0 ? (
            <EmptyState title="No campaigns">Make one here, or on the way when you make a link.</EmptyState>
          ) : (
            <Rows label="Campaigns" columns={COLUMNS}>
              {items.map((campaign) => (
                <CampaignRow key={campaign.id} campaign={campaign} onEdit={() => setDialog({ campaign })} />
              ))}
            </Rows>
          )
        }
      </Loaded>
      {dialog && <CampaignDialog campaign={dialog.campaign} onClose={() => setDialog(null)} />}
    </SettingsCard>
  );
}

function CampaignRow({ campaign, onEdit }: { campaign: Campaign; onEdit: () => void }) {
  const archive = useArchiveCampaign();
  return (
    <Table.Tr>
      <Table.Td className={classes.name ?? ''}>
        <span className="truncate" style={{ fontWeight: 550 }} title={campaign.name}>
          {campaign.name}
        </span>
      </Table.Td>
      <Table.Td>
        <Moment at={campaign.created_at} style="ago" />
      </Table.Td>
      <Table.Td className="number">
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon aria-label={`More for ${campaign.name}`}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Icon name="edit" size={16} />} onClick={onEdit}>
              Rename
            </Menu.Item>
            <Menu.Item leftSection={<Icon name="archive" size={16} />} onClick={() => archive(campaign)}>
              Archive
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}

function useArchiveCampaign() {
  const queryClient = useQueryClient();
  const setArchived = async (campaign: Campaign, archived: boolean) => {
    await api.patch(`/campaigns/${campaign.id}`, { archived });
    await queryClient.invalidateQueries({ queryKey: campaignsQuery.queryKey });
  };
  const archive = useMutation({
    mutationFn: (campaign: Campaign) => setArchived(campaign, true),
    onSuccess: (_, campaign) => offerUndo(`“${campaign.name}” is archived.`, () => setArchived(campaign, false)),
    onError: showError,
  });
  return archive.mutate;
}

function CampaignDialog({ campaign, onClose }: { campaign: Campaign | null; onClose: () => void }) {
  const queryClient = useQueryClient();
  const [error, setError] = useState<string | null>(null);
  const form = useForm({
    initialValues: { name: campaign?.name ?? '' },
    validate: { name: (name) => (name.trim() ? null : 'Give the campaign a name.') },
  });
  const save = useMutation({
    mutationFn: (name: string) =>
      campaign ? api.patch(`/campaigns/${campaign.id}`, { name }) : api.post('/campaigns', { name }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: campaignsQuery.queryKey });
      onClose();
    },
    onError: (problem) => setError(applyProblem(form, problem, ['name'], 'name')),
  });
  return (
    <FormDialog
      title={campaign ? 'Rename campaign' : 'New campaign'}
      submitLabel={campaign ? 'Save' : 'Create campaign'}
      isBusy={save.isPending}
      error={error}
      onSubmit={form.onSubmit(({ name }) => save.mutate(name.trim()))}
      onClose={onClose}
    >
      <TextInput label="Name" required data-autofocus placeholder="Spring sale" {...form.getInputProps('name')} />
    </FormDialog>
  );
}
