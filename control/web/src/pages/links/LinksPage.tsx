import { Button } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { campaignsQuery, domainsQuery } from '#/api/queries';
import type { Link } from '#/api/types';
import { channelLabel, LINK_CHANNELS } from '#/lib/words';
import { FilterBar, FilterSelect } from '#/ui/FilterBar';
import { Icon } from '#/ui/Icon';
import { PagedList } from '#/ui/PagedList';
import { PageHeader } from '#/ui/PageHeader';
import { EmptyState } from '#/ui/PageState';
import { SearchInput } from '#/ui/SearchInput';
import { LinkDialog } from './LinkDialog';
import { LinksTable } from './LinksTable';
import { QrDialog } from './QrDialog';
import { linksQuery } from './queries';
import { ResultsDialog } from './ResultsDialog';
import type { LinksSearch } from './search';

const route = getRouteApi('/app/links');

type Dialog = { kind: 'new' } | { kind: 'edit' | 'qr' | 'results'; link: Link } | null;

export function LinksPage() {
  const search = route.useSearch();
  const links = useInfiniteQuery(linksQuery(search));
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const newButton = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setDialog({ kind: 'new' })}>
      New link
    </Button>
  );
  return (
    <>
      <PageHeader title="Links" actions={newButton}>
        Short links on your own domains. Every click on one can be followed to its conversion.
      </PageHeader>
      <LinkFilters search={search} />
      <PagedList query={links} noun={['link', 'links']} empty={<NoLinks search={search} action={newButton} />}>
        {(rows) => (
          <LinksTable
            links={rows}
            onEdit={(link) => setDialog({ kind: 'edit', link })}
            onQr={(link) => setDialog({ kind: 'qr', link })}
            onResults={(link) => setDialog({ kind: 'results', link })}
          />
        )}
      </PagedList>
      {(dialog?.kind === 'new' || dialog?.kind === 'edit') && (
        <LinkDialog link={dialog.kind === 'edit' ? dialog.link : null} onClose={close} />
      )}
      {dialog?.kind === 'qr' && <QrDialog link={dialog.link} onClose={close} />}
      {dialog?.kind === 'results' && <ResultsDialog link={dialog.link} onClose={close} />}
    </>
  );
}

function LinkFilters({ search }: { search: LinksSearch }) {
  const navigate = route.useNavigate();
  const campaigns = useQuery(campaignsQuery);
  const domains = useQuery(domainsQuery);
  const change = (next: LinksSearch) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  return (
    <FilterBar label="Links">
      <SearchInput label="Search links" value={search.q ?? ''} onSearch={(q) => change({ q: q || undefined })} />
      <FilterSelect
        label="Campaign"
        all="All campaigns"
        value={search.campaign_id}
        options={(campaigns.data ?? []).map((campaign) => ({ value: campaign.id, label: campaign.name }))}
        onChange={(campaign_id) => change({ campaign_id })}
      />
      <FilterSelect
        label="Channel"
        all="All channels"
        value={search.channel}
        options={LINK_CHANNELS.map((channel) => ({ value: channel, label: channelLabel(channel) }))}
        onChange={(channel) => change({ channel })}
      />
      {(domains.data?.length ?? 0) > 1 && (
        <FilterSelect
          label="Domain"
          all="All domains"
          value={search.domain_id}
          options={(domains.data ?? []).map((domain) => ({ value: domain.id, label: domain.host }))}
          onChange={(domain_id) => change({ domain_id })}
        />
      )}
      <FilterSelect
        label="State"
        all="Active"
        value={search.archived ? 'archived' : undefined}
        options={[{ value: 'archived', label: 'Archived' }]}
        onChange={(archived) => change({ archived: archived ? true : undefined })}
      />
    </FilterBar>
  );
}

function NoLinks({ search, action }: { search: LinksSearch; action: React.ReactNode }) {
  const { archived, ...filters } = search;
  if (Object.keys(filters).length > 0) {
    return <EmptyState title="No link matches">Try another word, or take a filter away.</EmptyState>;
  }
  if (archived)
    return <EmptyState title="No archived links">Links that you archive are kept here with their history.</EmptyState>;
  return (
    <EmptyState title="Make your first link" action={action}>
      Give it a destination, and share the short link in a mail, a post or on paper. Clicks show up here within a
      second.
    </EmptyState>
  );
}
