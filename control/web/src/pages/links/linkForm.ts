import type { Link, LinkEdit, NewLink } from '#/api/types';

type RedirectStatus = Link['status'];

/** What the dialog edits; numbers and nulls are text here, as its fields have them. */
export interface LinkFormValues {
  destination: string;
  domain_id: string;
  slug: string;
  title: string;
  campaign_id: string;
  channel: string;
  status: `${RedirectStatus}`;
  carry: Link['carry'];
  query_name: string;
  forward_query: boolean;
  referrer_policy: Link['referrer_policy'];
}

export const LINK_FIELDS = [
  'destination',
  'domain_id',
  'slug',
  'title',
  'campaign_id',
  'channel',
  'status',
  'carry',
  'query_name',
  'forward_query',
  'referrer_policy',
] as const satisfies (keyof LinkFormValues)[];

/** Fields that only the advanced part shows: an error at one of them opens it. */
export const ADVANCED_FIELDS = ['status', 'carry', 'query_name', 'forward_query', 'referrer_policy'] as const;

export function initialValues(link: Link | null): LinkFormValues {
  if (!link) {
    return {
      destination: '',
      domain_id: '',
      slug: '',
      title: '',
      campaign_id: '',
      channel: '',
      status: '302',
      carry: 'auto',
      query_name: 'ct',
      forward_query: true,
      referrer_policy: '',
    };
  }
  const { destination, slug, title, channel, carry, query_name, forward_query, referrer_policy } = link;
  return {
    destination,
    domain_id: link.domain.id,
    slug,
    title,
    campaign_id: link.campaign?.id ?? '',
    channel,
    status: `${link.status}`,
    carry,
    query_name,
    forward_query,
    referrer_policy,
  };
}

/** What both making and changing a link send. */
export function requestOf(values: LinkFormValues): NewLink & LinkEdit {
  const { domain_id, slug, ...rest } = values;
  return {
    ...rest,
    destination: values.destination.trim(),
    title: values.title.trim(),
    channel: values.channel.trim().toLowerCase(),
    status: Number(values.status) as RedirectStatus,
    campaign_id: values.campaign_id || null,
    ...(domain_id ? { domain_id } : {}),
    ...(slug.trim() ? { slug: slug.trim() } : {}),
  };
}

export function destinationError(destination: string): string | null {
  const text = destination.trim();
  if (!text) return 'Enter the page that the link should open.';
  if (!/^https?:\/\//i.test(text)) return 'Start with https:// or http://.';
  return URL.canParse(text) ? null : 'This is not a valid address.';
}
