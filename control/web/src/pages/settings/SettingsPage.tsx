import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { PageHeader } from '#/ui/PageHeader';
import { CampaignsTab } from './CampaignsTab';
import { DomainsTab } from './DomainsTab';
import { EdgesTab } from './EdgesTab';
import { KeysTab } from './KeysTab';
import classes from './SettingsPage.module.css';
import type { SettingsTab } from './search';
import { WorkspaceTab } from './WorkspaceTab';

const route = getRouteApi('/app/settings');

const TABS: Record<SettingsTab, { label: string; Panel: () => React.ReactNode }> = {
  workspace: { label: 'Workspace', Panel: WorkspaceTab },
  domains: { label: 'Domains', Panel: DomainsTab },
  campaigns: { label: 'Campaigns', Panel: CampaignsTab },
  keys: { label: 'Keys', Panel: KeysTab },
  edges: { label: 'Edges', Panel: EdgesTab },
};

export function SettingsPage() {
  const tab = route.useSearch().tab ?? 'workspace';
  const navigate = route.useNavigate();
  const { Panel } = TABS[tab];
  return (
    <>
      <PageHeader title="Settings" />
      <Tabs value={tab} onChange={(next) => void navigate({ search: { tab: next as SettingsTab }, replace: true })}>
        <Tabs.List className={classes.tabs ?? ''}>
          {Object.entries(TABS).map(([value, { label }]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} pt="md">
          <Panel />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
