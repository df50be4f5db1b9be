import type { Link, LinkEdit, LinkPreview, NewLink } from '#/api/types';
import { fromZoned, toZoned } from '#/lib/zoned';
import { type RuleValues, ruleOf, ruleValues } from './rulesForm';

type RedirectStatus = Link['status'];

/** What the dialog edits; numbers, times and nulls are text here, as its fields have them. */
export interface LinkFormValues {
  destination: string;
  domain_id: string;
  slug: string;
  title: string;
  campaign_id: string;
  channel: string;
  rules: RuleValues[];
  /** Wall time of the workspace’s time zone. */
  expires_at: string;
  click_limit: string;
  closed_url: string;
  /** null: as it is, which nobody can see. */
  password: string | null;
  preview: LinkPreview;
  status: `${RedirectStatus}`;
  carry: Link['carry'];
  query_name: string;
  forward_query: boolean;
  referrer_policy: Link['referrer_policy'];
  honeypot: boolean;
}

const NO_PREVIEW: LinkPreview = { title: '', description: '', image: '' };

const NEW_LINK: LinkFormValues = {
  destination: '',
  domain_id: '',
  slug: '',
  title: '',
  campaign_id: '',
  channel: '',
  rules: [],
  expires_at: '',
  click_limit: '',
  closed_url: '',
  password: '',
  preview: NO_PREVIEW,
  status: '302',
  carry: 'auto',
  query_name: 'ct',
  forward_query: true,
  referrer_policy: '',
  honeypot: false,
};

export type Section = 'rules' | 'closing' | 'password' | 'preview' | 'advanced';

/** Fields that stand in a section which may be closed; the others are always seen. */
const SECTION_OF: Partial<Record<keyof LinkFormValues, Section>> = {
  rules: 'rules',
  expires_at: 'closing',
  click_limit: 'closing',
  closed_url: 'closing',
  password: 'password',
  preview: 'preview',
  status: 'advanced',
  carry: 'advanced',
  query_name: 'advanced',
  forward_query: 'advanced',
  referrer_policy: 'advanced',
  honeypot: 'advanced',
};

/** The sections in which something is wrong: they open. */
export function sectionsWith(errors: Record<string, unknown>): Section[] {
  const roots = Object.keys(errors).map((path) => path.split('.')[0] as keyof LinkFormValues);
  return [...new Set(roots.map((root) => SECTION_OF[root]).filter((section) => section !== undefined))];
}

export function initialValues(link: Link | null, timezone: string): LinkFormValues {
  if (!link) return NEW_LINK;
  const { destination, slug, title, channel, carry, query_name, forward_query, referrer_policy } = link;
  return {
    destination,
    domain_id: link.domain.id,
    slug,
    title,
    campaign_id: link.campaign?.id ?? '',
    channel,
    rules: link.rules.map((rule) => ruleValues(rule, timezone)),
    expires_at: link.expires_at ? toZoned(link.expires_at, timezone) : '',
    click_limit: link.click_limit === null ? '' : String(link.click_limit),
    closed_url: link.closed_url,
    password: link.has_password ? null : '',
    preview: link.preview ?? NO_PREVIEW,
    status: `${link.status}`,
    carry,
    query_name,
    forward_query,
    referrer_policy,
    honeypot: link.honeypot,
  };
}

/** What making a link sends. */
export function newLinkOf(values: LinkFormValues, timezone: string): NewLink {
  const { domain_id, slug, password, ...rest } = values;
  return {
    ...rest,
    destination: values.destination.trim(),
    title: values.title.trim(),
    channel: values.channel.trim().toLowerCase(),
    status: Number(values.status) as RedirectStatus,
    campaign_id: values.campaign_id || null,
    rules: values.rules.map((rule) => ruleOf(rule, timezone)),
    expires_at: fromZoned(values.expires_at, timezone) || null,
    click_limit: values.click_limit.trim() ? Number(values.click_limit) : null,
    closed_url: values.closed_url.trim(),
    preview: Object.values(values.preview).some((text) => text.trim()) ? values.preview : null,
    ...(password === null ? {} : { password }),
    ...(domain_id ? { domain_id } : {}),
    ...(slug.trim() ? { slug: slug.trim() } : {}),
  };
}

/** What changing a link sends: what differs from `before` alone, so that nobody else’s edit is undone by the way. */
export function linkEditOf(values: LinkFormValues, before: LinkFormValues, timezone: string): LinkEdit {
  const old = newLinkOf(before, timezone);
  const changed = Object.entries(newLinkOf(values, timezone)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof NewLink]),
  );
  return Object.fromEntries(changed);
}

/** The form’s field for one that the server names (`rules[0].arms[1].destination`); null where it has none. */
export function fieldOf(named: string): string | null {
  const path = named.replaceAll(/\[(\d+)\]/g, '.$1');
  const [root] = path.split('.');
  if (!root || !(root in NEW_LINK)) return null;
  if (root !== 'rules') return path;
  const inRule = /^(rules\.\d+)\.(?:(countries|devices|systems|languages)\b|(from|until)$|(arms\.\d+)\.(\w+)$)/.exec(
    path,
  );
  if (!inRule) return null;
  const [, rule, list, time, arm, leaf] = inRule;
  return `${rule}.${list ?? time ?? `${arm}.${leaf === 'weight' ? leaf : 'destination'}`}`;
}
