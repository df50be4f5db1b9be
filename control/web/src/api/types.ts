/**
 * The API's words. Times are RFC 3339 text in UTC, days are `YYYY-MM-DD` in the workspace's time zone, money is an
 * integer in minor units beside its currency, and credits are millionths of a conversion.
 */

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Workspace {
  id: string;
  name: string;
  timezone: string;
  currency: string;
}

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface Session {
  user: User;
  workspace: Workspace;
  workspaces: Workspace[];
  csrf_token: string;
}

export type KeyKind = 'secret' | 'publishable';

export interface ApiKey {
  id: string;
  name: string;
  kind: KeyKind;
  allowed_origins: string[];
  created_at: string;
  last_used_at: string | null;
  /** Its first characters, to tell keys apart. */
  hint: string;
  /** The key itself: always there for a publishable one, only in the answer to its creation for a secret one. */
  key: string | null;
}

export interface NewApiKey {
  name: string;
  kind: KeyKind;
  allowed_origins: string[];
}

export type ConsentMode = 'granted' | 'required' | 'cookieless';

export interface Domain {
  id: string;
  host: string;
  fallback_url: string;
  consent: ConsentMode;
  created_at: string;
}

export type NewDomain = Pick<Domain, 'host' | 'fallback_url' | 'consent'>;

export interface Edge {
  id: string;
  name: string;
  version: string;
  last_seen_at: string | null;
  rev: number;
  lag_revs: number;
  workers: number;
  backlog_records: number;
  gap_count: number;
  state: 'live' | 'silent' | 'retired';
}

export interface Campaign {
  id: string;
  name: string;
  created_at: string;
  archived_at: string | null;
}

export type Carry = 'auto' | 'cookie' | 'fragment' | 'query' | 'none';

export interface LinkSettings {
  destination: string;
  slug: string;
  title: string;
  channel: string;
  status: number;
  carry: Carry;
  query_name: string;
  forward_query: boolean;
  referrer_policy: string;
}

export interface Link extends LinkSettings {
  id: string;
  short_url: string;
  domain: { id: string; host: string };
  campaign: { id: string; name: string } | null;
  carry_resolved: Exclude<Carry, 'auto'>;
  warnings: string[];
  /** Human clicks since the link was made. */
  clicks: number;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
}

export interface NewLink extends Omit<LinkSettings, 'slug'> {
  domain_id?: string;
  /** Absent: the server makes a random one of seven characters. */
  slug?: string;
  campaign_id: string | null;
}

export type LinkChange = Partial<NewLink> & { archived?: boolean };

export type Counting = 'every' | 'once_per_person' | 'once_per_click';
export type Model = 'first' | 'last' | 'linear' | 'time_decay' | 'position';

export interface EventDefinition {
  id: string;
  name: string;
  title: string;
  standard: boolean;
  counting: Counting;
  window_days: number;
  default_model: Model;
  default_amount: number | null;
  default_currency: string | null;
  archived_at: string | null;
}

export type NewEventDefinition = Omit<EventDefinition, 'id' | 'standard' | 'archived_at'>;
export type EventDefinitionChange = Partial<NewEventDefinition> & { archived?: boolean };

export type MatchStatus = 'matched' | 'unmatched';

export interface Conversion {
  id: string;
  event: string;
  title: string;
  occurred_at: string;
  received_at: string;
  amount: number | null;
  refunded: number;
  currency: string | null;
  order_id: string;
  source: string;
  status: MatchStatus;
  counted: boolean;
  provisional: boolean;
  credited_to: { channel: string; link_id: string | null; short_url: string | null; campaign: string | null } | null;
}

export interface ConversionRow extends Conversion {
  touches: number;
}

export interface ModelCredit {
  weight: number;
  credit: number;
  value: number | null;
  net_value: number | null;
}

interface TouchFacts {
  kind: 'click' | 'visit';
  id: string;
  occurred_at: string;
  channel: string;
  link: { id: string; short_url: string; title: string } | null;
  campaign: { id: string; name: string } | null;
}

export interface Touch extends TouchFacts {
  position: number;
  age_ms: number;
  models: Partial<Record<Model, ModelCredit>>;
}

export interface ExcludedTouch extends TouchFacts {
  reason: string;
}

export interface PersonJoin {
  a: Identifier;
  b: Identifier;
  occurred_at: string;
  source: string;
}

export interface Identifier {
  kind: string;
  value: string;
}

export interface LedgerVersion {
  version: number;
  reason: string;
  opened_at: string;
  closed_at: string | null;
  touches: number;
}

export interface Refund {
  id: string;
  amount: number | null;
  currency: string | null;
  occurred_at: string;
  received_at: string;
}

export interface ConversionDetail extends Conversion {
  person: { id: string; identifiers: Identifier[]; joins: PersonJoin[] } | null;
  touches: Touch[];
  excluded: ExcludedTouch[];
  models: { model: Model; formula: string; parameters: Record<string, unknown> }[];
  window_days: number;
  ledger: LedgerVersion[];
  reports: { source: string; received_at: string; body: unknown }[];
  refunds: Refund[];
}

export interface OverviewFigures {
  clicks: number;
  conversions: number;
  net_conversions: number;
  value: number;
  net_value: number;
}

export interface Overview extends OverviewFigures {
  from: string;
  to: string;
  timezone: string;
  currency: string;
  unattributed: { conversions: number; value: number };
  gaps: { count: number; at_least: boolean | number };
  previous: OverviewFigures;
  days: OverviewDay[];
  other_currencies: { currency: string; value: number }[];
}

export interface OverviewDay {
  day: string;
  clicks: number;
  conversions: number;
  value: number;
}

export type BreakdownBy = 'channel' | 'campaign' | 'link';
export type Basis = 'conversion_date' | 'touch_date';

export interface BreakdownFigures {
  clicks: number;
  /** Millionths. */
  conversions: number;
  value: number;
  net_value: number;
}

export interface BreakdownRow extends BreakdownFigures {
  key: string;
  label: string;
}

export interface Breakdown {
  rows: BreakdownRow[];
  unattributed: BreakdownFigures;
  total: BreakdownFigures;
}
