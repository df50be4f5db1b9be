import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useState } from 'react';
import { api } from '#/api/client';
import { messageOf } from '#/api/problem';
import { campaignsQuery } from '#/api/queries';
import type { Campaign } from '#/api/types';
import type { LinkForm } from './LinkDialog';

const NEW_CAMPAIGN = '+';

/** Chooses a campaign, or makes one on the way. */
export function CampaignField({ form }: { form: LinkForm }) {
  const campaigns = useQuery(campaignsQuery);
  const [isNew, setNew] = useState(false);
  if (isNew) return <NewCampaign form={form} onDone={() => setNew(false)} />;
  const chosen = form.values.campaign_id;
  const options = (campaigns.data ?? [])
    .filter((campaign) => !campaign.archived_at || campaign.id === chosen)
    .map((campaign) => ({ value: campaign.id, label: campaign.name }));
  return (
    <NativeSelect
      label="Campaign"
      description="Reports add its links up."
      data={[{ value: '', label: 'No campaign' }, ...options, { value: NEW_CAMPAIGN, label: 'New campaign…' }]}
      error={form.errors.campaign_id}
      value={chosen}
      onChange={(event) => {
        if (event.currentTarget.value === NEW_CAMPAIGN) setNew(true);
        else form.setFieldValue('campaign_id', event.currentTarget.value);
      }}
    />
  );
}

function NewCampaign({ form, onDone }: { form: LinkForm; onDone: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => api.post<Campaign>('/campaigns', { name: name.trim() }),
    onSuccess: async (campaign) => {
      await queryClient.invalidateQueries({ queryKey: campaignsQuery.queryKey });
      form.setFieldValue('campaign_id', campaign.id);
      onDone();
    },
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      if (name.trim()) create.mutate();
    }
    if (event.key === 'Escape') {
      event.stopPropagation();
      onDone();
    }
  };
  return (
    <TextInput
      label="New campaign"
      description={
        <Group gap={6} mt={4}>
          <Button size="compact-xs" disabled={!name.trim()} loading={create.isPending} onClick={() => create.mutate()}>
            Add
          </Button>
          <Button size="compact-xs" variant="default" onClick={onDone}>
            Cancel
          </Button>
        </Group>
      }
      descriptionProps={{ component: 'div' }}
      placeholder="Spring sale"
      autoFocus
      value={name}
      error={create.error ? messageOf(create.error) : null}
      onChange={(event) => setName(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  );
}
