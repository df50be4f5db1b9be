import { Button } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { campaignsQuery, definitionsQuery } from '#/api/queries';
import type { MatchStatus, Model } from '#/api/types';
import { formatDay } from '#/lib/days';
import { shortName } from '#/lib/urls';
import { channelLabel, LINK_CHANNELS, MODEL_NAMES, MODELS } from '#/lib/words';
import { FilterBar, FilterSelect } from '#/ui/FilterBar';
import { PagedList } from '#/ui/PagedList';
import { PageHeader } from '#/ui/PageHeader';
import { EmptyState } from '#/ui/PageState';
import { SearchInput } from '#/ui/SearchInput';
import { ConversionsTable } from './ConversionsTable';
import { conversionsQuery, linkQuery } from './queries';
import type { ConversionsSearch } from './search';

const route = getRouteApi('/app/conversions');

/** Channels of touches that no link made. */
const VISIT_CHANNELS = ['organic_search', 'organic_social', 'referral', 'ai_assistant', 'direct'];

export function ConversionsPage() {
  const search = route.useSearch();
  const conversions = useInfiniteQuery(conversionsQuery(search));
  return (
    <>
      <PageHeader title="Conversions">
        Every conversion, and the touches that led to it. Open one to see why it is credited as it is.
      </PageHeader>
      <ConversionFilters search={search} />
      <PagedList query={conversions} noun={['conversion', 'conversions']} empty={<NoConversions search={search} />}>
        {(rows) => <ConversionsTable conversions={rows} model={search.model} />}
      </PagedList>
    </>
  );
}

function ConversionFilters({ search }: { search: ConversionsSearch }) {
  const navigate = route.useNavigate();
  const definitions = useQuery(definitionsQuery);
  const campaigns = useQuery(campaignsQuery);
  const link = useQuery(linkQuery(search.link_id));
  const change = (next: ConversionsSearch) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  return (
    <FilterBar label="Conversions">
      <SearchInput label="Order id" value={search.q ?? ''} onSearch={(q) => change({ q: q || undefined })} />
      <FilterSelect
        label="Event"
        all="All events"
        value={search.event}
        options={(definitions.data ?? []).map((definition) => ({ value: definition.name, label: definition.title }))}
        onChange={(event) => change({ event })}
      />
      <FilterSelect
        label="Match"
        all="Matched or not"
        value={search.status}
        options={[
          { value: 'matched', label: 'Matched' },
          { value: 'unmatched', label: 'Not matched' },
        ]}
        onChange={(status) => change({ status: status as MatchStatus | undefined })}
      />
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
        options={[...LINK_CHANNELS, ...VISIT_CHANNELS].map((channel) => ({
          value: channel,
          label: channelLabel(channel),
        }))}
        onChange={(channel) => change({ channel })}
      />
      <FilterSelect
        label="Attribution model"
        all="Usual model"
        value={search.model}
        options={MODEL_NAMES.map((model) => ({ value: model, label: `Model: ${MODELS[model].label}` }))}
        onChange={(model) => change({ model: model as Model | undefined })}
      />
      {search.link_id && (
        <TakeAway
          label={`Link ${link.data ? shortName(link.data.short_url) : '…'}`}
          onClick={() => change({ link_id: undefined })}
        />
      )}
      {(search.from || search.to) && (
        <TakeAway label={daysLabel(search)} onClick={() => change({ from: undefined, to: undefined })} />
      )}
    </FilterBar>
  );
}

function daysLabel({ from, to }: ConversionsSearch): string {
  return [from && `from ${formatDay(from)}`, to && `to ${formatDay(to)}`].filter(Boolean).join(' ');
}

/** A filter that came with the address, and the way to be rid of it. */
function TakeAway({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button
      variant="light"
      maw={260}
      rightSection={<span aria-hidden="true">×</span>}
      aria-label={`Take away: ${label}`}
      onClick={onClick}
    >
      <span className="truncate">{label}</span>
    </Button>
  );
}

function NoConversions({ search }: { search: ConversionsSearch }) {
  const { model, ...filters } = search;
  return Object.keys(filters).length > 0 ? (
    <EmptyState title="No conversion matches">Take a filter away, or look at other days.</EmptyState>
  ) : (
    <EmptyState title="No conversions yet">
      As soon as your pages or servers report an event, it shows up here with everything that led to it. Events has the
      code.
    </EmptyState>
  );
}
