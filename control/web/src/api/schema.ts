// Written by `npm run api` from the API’s description. Change the server’s types instead.

/** The token out of a one-time sign-in link. */
export interface SignIn {
  token: string;
}

/** Who is signed in, where. Unsafe requests repeat `csrf_token` in the `X-CSRF-Token` header. */
export interface Session {
  user: User;
  workspace: Workspace;
  workspaces: Workspace[];
  csrf_token: string;
}

/** A person who signs in. */
export interface User {
  id: string;
  email: string;
  name: string;
}

/** One organisation's links, events and reports. Days of reports begin at midnight of `timezone` (IANA name). */
export interface Workspace {
  id: string;
  name: string;
  timezone: string;
  currency: string;
}

/** What of a workspace is to change; what is left out stays. */
export interface WorkspaceEdit {
  /** One line of text, not blank. */
  name?: string;
  timezone?: string;
  /** ISO 4217 code, such as EUR. */
  currency?: string;
}

/** A key in use. `key` is the key itself: of a publishable one always, of a secret one only when it is made. */
export interface ApiKey {
  id: string;
  name: string;
  kind: 'publishable' | 'secret';
  hint: string;
  allowed_origins: string[];
  created_at: string;
  last_used_at: string | null;
  key: string | null;
}

/** A key to make. Secret keys are for servers; publishable ones stand in pages and may only report events. */
export interface NewApiKey {
  /** One line of text, not blank. */
  name: string;
  kind: 'publishable' | 'secret';
  allowed_origins?: string[];
}

/** A short domain. `origin` is scheme, host and port at which visitors reach its links and the snippet. `cookie_domain` is what a click's first-party cookie covers; empty: the host alone. `verified_at` is when the host was first seen to lead to an edge; null: not yet, and servers in front get no certificate for it by themselves. */
export interface Domain {
  id: string;
  host: string;
  origin: string;
  fallback_url: string;
  consent: 'cookieless' | 'granted' | 'required';
  cookie_domain: string;
  verified_at: string | null;
  created_at: string;
}

export interface NewDomain {
  /** A host name such as go.example.com, without a port. */
  host: string;
  /** Where unknown short links lead; empty: a 404 page answers. */
  fallback_url?: string;
  consent?: 'cookieless' | 'granted' | 'required';
}

/** What is to change; what is left out stays. A host stays as it is: it stands in links that are out there. */
export interface DomainEdit {
  /** Where unknown short links lead; empty: a 404 page answers. */
  fallback_url?: string;
  consent?: 'cookieless' | 'granted' | 'required';
}

/** Links that belong together. An archived campaign takes no new links; its figures stay. */
export interface Campaign {
  id: string;
  name: string;
  created_at: string;
  archived_at: string | null;
}

export interface NewCampaign {
  /** One line of text, not blank. */
  name: string;
}

/** What is to change; what is left out stays. */
export interface CampaignEdit {
  /** One line of text, not blank. */
  name?: string;
  archived?: boolean;
}

/** All that was spent on a campaign, in order of day and channel. */
export interface Spend {
  items: SpendRow[];
}

/** What one channel of a campaign cost on one day of the workspace's time zone. */
export interface SpendRow {
  day: string;
  /** A word such as email, social, sms, qr, paid, organic; kept in lower case. */
  channel: string;
  /** In minor units of the currency, such as cents. */
  amount: number;
  /** ISO 4217 code, such as EUR. */
  currency: string;
}

/** A short link. `carry_resolved` is what `carry` comes to here, `clicks` the human clicks of all time. `exhausted`: its click limit is reached. Clicks on a `honeypot` are never counted. */
export interface Link {
  id: string;
  short_url: string;
  destination: string;
  domain_id: string;
  domain: LinkDomain;
  slug: string;
  title: string;
  campaign_id: string | null;
  campaign: LinkCampaign | null;
  channel: string;
  status: 301 | 302 | 307 | 308;
  carry: 'auto' | 'cookie' | 'fragment' | 'none' | 'query';
  carry_resolved: 'cookie' | 'fragment' | 'none' | 'query';
  query_name: string;
  forward_query: boolean;
  referrer_policy:
    | ''
    | 'no-referrer'
    | 'no-referrer-when-downgrade'
    | 'origin'
    | 'origin-when-cross-origin'
    | 'same-origin'
    | 'strict-origin'
    | 'strict-origin-when-cross-origin'
    | 'unsafe-url';
  rules: LinkRule[];
  expires_at: string | null;
  click_limit: number | null;
  exhausted: boolean;
  closed_url: string;
  has_password: boolean;
  honeypot: boolean;
  preview: LinkPreview | null;
  warnings: string[];
  clicks: number;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
}

export interface LinkDomain {
  id: string;
  host: string;
}

export interface LinkCampaign {
  id: string;
  name: string;
}

/** Who goes elsewhere. The first rule whose conditions all hold decides; an empty condition holds for everyone. Of several arms a visitor keeps the one that was drawn for them. A rule without conditions splits all traffic. */
export interface LinkRule {
  arms: LinkArm[];
  countries: string[];
  devices: ('desktop' | 'mobile' | 'tablet')[];
  systems: ('android' | 'chromeos' | 'ios' | 'linux' | 'macos' | 'windows')[];
  languages: string[];
  from: string | null;
  until: string | null;
}

/** One destination of a rule. `arm` is its number, by which clicks know it; name it in an edit to keep it. */
export interface LinkArm {
  /** An http(s) URL of at most 4096 characters. */
  destination: string;
  /** Relative to the other arms of its rule. */
  weight: number;
  arm: number | null;
}

/** What messengers and social networks show for the link. An empty field is left to the destination's own page. */
export interface LinkPreview {
  /** One line of text, or empty. */
  title: string;
  description: string;
  /** An http(s) URL, or empty. */
  image: string;
}

/** A link to make. Without `domain_id` it is on the oldest domain; without `slug` it gets a random one. */
export interface NewLink {
  /** An http(s) URL of at most 4096 characters. */
  destination: string;
  domain_id?: string | null;
  slug?: string | null;
  /** One line of text, or empty. */
  title?: string;
  campaign_id?: string | null;
  /** A word such as email, social, sms, qr, paid, organic; kept in lower case. */
  channel?: string;
  status?: 301 | 302 | 307 | 308;
  carry?: 'auto' | 'cookie' | 'fragment' | 'none' | 'query';
  /** Name of the query parameter that carries the click id where no cookie or fragment can. */
  query_name?: string;
  forward_query?: boolean;
  referrer_policy?:
    | ''
    | 'no-referrer'
    | 'no-referrer-when-downgrade'
    | 'origin'
    | 'origin-when-cross-origin'
    | 'same-origin'
    | 'strict-origin'
    | 'strict-origin-when-cross-origin'
    | 'unsafe-url';
  rules?: LinkRule[];
  expires_at?: string | null;
  click_limit?: number | null;
  /** Where a closed link leads; empty: a page that says so, with status 410. */
  closed_url?: string;
  /** Asked of visitors; empty: none. It is never shown again. */
  password?: string;
  honeypot?: boolean;
  preview?: LinkPreview | null;
}

/** What is to change; what is left out stays. `archived: false` brings an archived link back. `rules` takes the place of all rules; an arm that names its number is kept, one that doesn't is new. */
export interface LinkEdit {
  /** An http(s) URL of at most 4096 characters. */
  destination?: string;
  domain_id?: string;
  /** 1–128 letters of any script, digits and - _ . ~ / */
  slug?: string;
  /** One line of text, or empty. */
  title?: string;
  campaign_id?: string | null;
  /** A word such as email, social, sms, qr, paid, organic; kept in lower case. */
  channel?: string;
  status?: 301 | 302 | 307 | 308;
  carry?: 'auto' | 'cookie' | 'fragment' | 'none' | 'query';
  /** Name of the query parameter that carries the click id where no cookie or fragment can. */
  query_name?: string;
  forward_query?: boolean;
  referrer_policy?:
    | ''
    | 'no-referrer'
    | 'no-referrer-when-downgrade'
    | 'origin'
    | 'origin-when-cross-origin'
    | 'same-origin'
    | 'strict-origin'
    | 'strict-origin-when-cross-origin'
    | 'unsafe-url';
  rules?: LinkRule[];
  expires_at?: string | null;
  click_limit?: number | null;
  /** Where a closed link leads; empty: a page that says so, with status 410. */
  closed_url?: string;
  /** Asked of visitors; empty: none. It is never shown again. */
  password?: string;
  honeypot?: boolean;
  preview?: LinkPreview | null;
  archived?: boolean;
}

/** What an event means. `version` moves with every change that can change a credit. */
export interface EventDefinition {
  id: string;
  name: string;
  title: string;
  standard: boolean;
  counting: 'every' | 'once_per_click' | 'once_per_person';
  window_days: number;
  default_model: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  default_amount: number | null;
  default_currency: string | null;
  version: number;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
}

/** An event of one's own. `name` is what pages and servers send; it can't be changed later. */
export interface NewEventDefinition {
  name: string;
  /** One line of text, not blank. */
  title: string;
  counting?: 'every' | 'once_per_click' | 'once_per_person';
  /** Attribution window in days of 24 hours. */
  window_days?: number;
  default_model?: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  default_amount?: number | null;
  default_currency?: string | null;
}

/** What is to change; what is left out stays. A change of counting or window credits past conversions anew. */
export interface EventDefinitionEdit {
  /** One line of text, not blank. */
  title?: string;
  counting?: 'every' | 'once_per_click' | 'once_per_person';
  /** Attribution window in days of 24 hours. */
  window_days?: number;
  default_model?: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  default_amount?: number | null;
  default_currency?: string | null;
  archived?: boolean;
}

/** A conversion as a server reports it. Name whatever is known of whoever converted: each identifier joins. */
export interface NewConversion {
  event: string;
  click_id?: string | null;
  visitor_id?: string | null;
  customer_id?: string;
  email?: string | null;
  email_sha256?: string | null;
  order_id?: string;
  event_key?: string;
  amount?: number | null;
  value?: string | null;
  currency?: string | null;
  occurred_at?: string | null;
  props?: Record<string, string>;
}

/** `unmatched`: nothing is known yet of whoever converted; it joins when the click or identifier arrives. */
export interface ConversionReceipt {
  id: string;
  status: 'matched' | 'unmatched';
  duplicate: boolean;
}

/** Money given back. It names its conversion, or the order, which may be reported later. */
export interface NewRefund {
  conversion_id?: string | null;
  order_id?: string;
  event?: string;
  amount?: number | null;
  value?: string | null;
  currency?: string | null;
  occurred_at?: string | null;
  event_key?: string;
}

export interface RefundReceipt {
  id: string;
  conversion_id: string | null;
  duplicate: boolean;
}

/** A stored refund. `conversion_id` is null while its order has not been reported. */
export interface Refund {
  id: string;
  conversion_id: string | null;
  order_id: string;
  amount: number | null;
  currency: string | null;
  occurred_at: string;
  received_at: string;
}

export interface UndefinedEvents {
  items: UndefinedEvent[];
}

/** An event that pages report and no definition counts. Its reports are kept: define it, and they count. */
export interface UndefinedEvent {
  name: string;
  reports: number;
  first_seen_at: string;
  last_seen_at: string;
}

/** A conversion in the list; `touches`: how many its path has. */
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
  status: 'matched' | 'unmatched';
  counted: boolean;
  not_counted: string;
  provisional: boolean;
  credited_to: CreditedTo | null;
  touches: number;
}

/** The touch with the largest credit; the later one of several. */
export interface CreditedTo {
  channel: string;
  link_id: string | null;
  short_url: string | null;
  campaign: string | null;
}

/** One conversion: whose it is and why, what was considered, and what each model makes of it. */
export interface Explanation {
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
  status: 'matched' | 'unmatched';
  counted: boolean;
  not_counted: string;
  provisional: boolean;
  credited_to: CreditedTo | null;
  person: PersonSummary | null;
  touches: CreditedTouch[];
  excluded: ConsideredTouch[];
  models: ModelFormula[];
  window_days: number;
  ledger: LedgerVersion[];
  reports: StoredReport[];
  refunds: AppliedRefund[];
}

export interface PersonSummary {
  id: string;
  identifiers: NamedIdentifier[];
  joins: PersonJoin[];
}

export interface NamedIdentifier {
  kind: string;
  value: string;
}

/** An observation that brought identifiers of this person together, and who stated it. */
export interface PersonJoin {
  a: NamedIdentifier;
  b: NamedIdentifier;
  occurred_at: string;
  source: string;
}

export interface CreditedTouch {
  kind: string;
  id: string;
  occurred_at: string;
  channel: string;
  link: TouchLink | null;
  campaign: TouchCampaign | null;
  position: number;
  age_ms: number;
  models: Record<string, ModelShare>;
}

export interface TouchLink {
  id: string;
  short_url: string;
  title: string;
}

export interface TouchCampaign {
  id: string;
  name: string;
}

/** `credit` in millionths; values in minor units, before and after refunds, null without an amount. */
export interface ModelShare {
  weight: number;
  credit: number;
  value: number | null;
  net_value: number | null;
}

/** `reason`: `out_of_window`, `after_conversion`, `duplicate`, `prefetch`, `preview`, `head`, `ignored_referrer`, `internal` or `bot:…`. */
export interface ConsideredTouch {
  kind: string;
  id: string;
  occurred_at: string;
  channel: string;
  link: TouchLink | null;
  campaign: TouchCampaign | null;
  reason: string;
}

export interface ModelFormula {
  model: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  formula: string;
  parameters: Record<string, number>;
}

export interface LedgerVersion {
  version: number;
  reason:
    | 'definition_changed'
    | 'identity_merged'
    | 'identity_split'
    | 'late_click'
    | 'late_conversion'
    | 'reclassified'
    | 'recorded'
    | 'refund'
    | 'superseded'
    | 'window_changed';
  opened_at: string;
  closed_at: string | null;
  touches: number;
}

export interface StoredReport {
  source: string;
  received_at: string;
  body: Record<string, unknown>;
}

/** `amount` null: all that was left. `over_refund`: what it asked beyond that. */
export interface AppliedRefund {
  id: string;
  amount: number | null;
  over_refund: number;
  currency: string | null;
  occurred_at: string;
  received_at: string;
}

export interface Overview {
  from: string;
  to: string;
  timezone: string;
  currency: string;
  model: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  clicks: number;
  conversions: number;
  net_conversions: number;
  value: number;
  net_value: number;
  unattributed: Unattributed;
  gaps: Gaps;
  previous: Figures;
  days: OverviewDay[];
  other_currencies: CurrencyValue[];
}

/** Conversions whose path is empty, which nobody is credited for. */
export interface Unattributed {
  conversions: number;
  value: number;
}

/** Clicks that edges lost in the period, or had no room to keep; with `at_least` there may have been more. */
export interface Gaps {
  count: number;
  at_least: boolean;
}

/** `conversions` are those that count, whole; `net_conversions` without the fully refunded ones. Values are minor units of the workspace's currency, before and after refunds. */
export interface Figures {
  clicks: number;
  conversions: number;
  net_conversions: number;
  value: number;
  net_value: number;
}

export interface OverviewDay {
  day: string;
  clicks: number;
  conversions: number;
  value: number;
}

/** What was sold in another currency than the workspace's: listed apart, never summed. */
export interface CurrencyValue {
  currency: string;
  value: number;
  net_value: number;
}

/** `rows` and `unattributed` add up to `total`, exactly. */
export interface Breakdown {
  from: string;
  to: string;
  timezone: string;
  currency: string;
  model: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  by: 'campaign' | 'channel' | 'link';
  basis: 'conversion_date' | 'touch_date';
  rows: BreakdownRow[];
  unattributed: BreakdownFigures;
  total: BreakdownFigures;
  other_currencies: CurrencyValue[];
}

/** `key` is a channel or an id, empty for touches without campaign or link; `label` is for people. */
export interface BreakdownRow {
  clicks: number;
  conversions: number;
  value: number;
  net_value: number;
  spend: number | null;
  key: string;
  label: string;
  archived: boolean;
}

/** `conversions` are credits: millionths of a conversion. `spend` is null where it isn't known by this key. */
export interface BreakdownFigures {
  clicks: number;
  conversions: number;
  value: number;
  net_value: number;
  spend: number | null;
}

/** A link's clicks of some days, and what is credited to these clicks, by destination. */
export interface LinkResults {
  from: string;
  to: string;
  model: 'first' | 'last' | 'linear' | 'position' | 'time_decay';
  currency: string;
  arms: ArmResult[];
}

/** What one destination of a link brought. Arm 0 is the link's own destination; `destination` is null where the arm has been removed. `conversions` are millionths, values minor units of the workspace's currency. */
export interface ArmResult {
  arm: number;
  destination: string | null;
  clicks: number;
  conversions: number;
  value: number;
  net_value: number;
}

/** An edge as it last reported. `silent`: not heard of for 30 seconds. Its lag counts changes not yet applied; `held_feed` says why they wait for `clicktrail-edge accept-feed` there, and is empty where they don't. */
export interface Edge {
  id: string;
  name: string;
  version: string;
  last_seen_at: string;
  rev: number;
  lag_revs: number;
  workers: number;
  backlog_records: number;
  gap_count: number;
  state: 'live' | 'retired' | 'silent';
  held_feed: string;
}

/** A token in use. `token` is the secret itself, in the answer that makes it and never again. */
export interface EdgeToken {
  id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
  token: string | null;
}

/** A token to make; several edges may share one. */
export interface NewEdgeToken {
  /** One line of text, not blank. */
  name: string;
}

/** The body of every error answer. */
export interface ProblemDetails {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors: FieldError[];
}

/** One field that is wrong, and what to do about it. `field` is a dotted path in the body, or a query parameter. */
export interface FieldError {
  field: string;
  message: string;
}
