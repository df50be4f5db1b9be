import type {
  Basis,
  BreakdownBy,
  Carry,
  ConsentMode,
  Counting,
  DeviceKind,
  Edge,
  LedgerVersion,
  Model,
  SystemKind,
} from '#/api/types';

interface Words {
  label: string;
  help: string;
}

export const MODELS: Record<Model, Words> = {
  first: { label: 'First touch', help: 'All credit goes to the touch that started it: who makes people aware of you?' },
  last: { label: 'Last touch', help: 'All credit goes to the last touch before the conversion: what closes the deal?' },
  linear: { label: 'Linear', help: 'Every touch on the way gets the same share.' },
  time_decay: {
    label: 'Time decay',
    help: 'The closer a touch is to the conversion, the more it gets: its share halves with every 7 days of distance.',
  },
  position: {
    label: 'Position-based',
    help: 'The first and the last touch get 40% each; those in between share the other 20%.',
  },
};
export const MODEL_NAMES = Object.keys(MODELS) as Model[];
export const DEFAULT_MODEL: Model = 'last';

export const isModel = (value: unknown): value is Model => typeof value === 'string' && value in MODELS;

export const BREAKDOWNS: Record<BreakdownBy, string> = { channel: 'Channel', campaign: 'Campaign', link: 'Link' };

export const BASES: Record<Basis, Words> = {
  conversion_date: { label: 'Day of the conversion', help: 'Conversions that happened in these days.' },
  touch_date: {
    label: 'Day of the touch',
    help: 'Conversions credited to touches of these days, whenever they happened.',
  },
};

export const COUNTING: Record<Counting, Words> = {
  every: { label: 'Every one', help: 'Each one counts. Right for purchases.' },
  once_per_person: {
    label: 'Once per person',
    help: 'The earliest of each person counts. Right for sign-ups and leads.',
  },
  once_per_click: { label: 'Once per click', help: 'At most one for each click that it comes from.' },
};

export const CARRY: Record<Carry, Words> = {
  auto: {
    label: 'Automatic',
    help: 'Clicktrail picks the best way for this destination. Leave it unless something breaks.',
  },
  cookie: {
    label: 'Cookie',
    help: 'The short domain sets a first-party cookie. Works where short link and page share a domain.',
  },
  fragment: {
    label: 'Fragment (#)',
    help: 'The id is put behind # in the address; servers never see it, and the snippet removes it.',
  },
  query: {
    label: 'Query (?)',
    help: 'The id is put into the address as a parameter. For pages that use # themselves.',
  },
  none: {
    label: 'None',
    help: 'The destination stays as it is. Clicks are counted, but conversions can’t be matched to them.',
  },
};

export const REDIRECT_STATUSES: Record<number, Words> = {
  302: { label: '302 – temporary', help: 'Browsers ask again each time, so every click is counted.' },
  301: { label: '301 – permanent', help: 'Search engines pass the link’s weight on to the destination.' },
  307: { label: '307 – temporary, keeps the method', help: 'For links that receive forms.' },
  308: { label: '308 – permanent, keeps the method', help: 'For links that receive forms.' },
};

export const DEVICES: Record<DeviceKind, string> = { desktop: 'Computer', mobile: 'Phone', tablet: 'Tablet' };

export const SYSTEMS: Record<SystemKind, string> = {
  android: 'Android',
  chromeos: 'ChromeOS',
  ios: 'iOS and iPadOS',
  linux: 'Linux',
  macos: 'macOS',
  windows: 'Windows',
};

export const CONSENT: Record<ConsentMode, Words> = {
  granted: { label: 'Cookies allowed', help: 'Clicks may set the first-party cookie.' },
  required: { label: 'After consent', help: 'No cookie until your consent banner calls the snippet.' },
  cookieless: { label: 'Never cookies', help: 'No cookie at all; a return on another day can’t be recognised.' },
};

export const EDGE_STATES: Record<Edge['state'], Words & { color: string }> = {
  live: { label: 'Live', help: 'Reporting as it should.', color: 'green' },
  silent: { label: 'Silent', help: 'Not heard from for a while; it may still be redirecting.', color: 'orange' },
  retired: { label: 'Retired', help: 'Taken out of service.', color: 'gray' },
};

const CHANNEL_LABELS: Record<string, string> = {
  ai_assistant: 'AI assistant',
  organic_search: 'Organic search',
  organic_social: 'Organic social',
  qr: 'QR code',
  sms: 'SMS',
};
export const LINK_CHANNELS = ['email', 'social', 'paid', 'sms', 'qr', 'affiliate', 'partner', 'print', 'other'];

/** A channel for people: `organic_search` as “Organic search”; a custom one as it was typed. */
export function channelLabel(channel: string): string {
  const words = channel.replaceAll('_', ' ');
  return CHANNEL_LABELS[channel] ?? words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

const EXCLUSION_REASONS: Record<string, string> = {
  after_conversion: 'It came after the conversion',
  duplicate: 'A repeat of the click right before it',
  head: 'A link check (HEAD), not a visit',
  honeypot: 'A link that only machines find',
  ignored_referrer: 'Came from an ignored site, such as a payment page',
  internal: 'Your own traffic',
  out_of_window: 'Too old: outside the attribution window',
  prefetch: 'Loaded ahead by the browser, never opened',
  preview: 'A link preview, not a person',
  scanner: 'A mail or security scanner, not a person',
};

export function exclusionReason(reason: string): string {
  const [kind, detail] = reason.split(':', 2);
  if (kind === 'bot') return detail ? `A bot (${detail})` : 'A bot';
  return EXCLUSION_REASONS[reason] ?? reason.replaceAll('_', ' ');
}

const LEDGER_REASONS: Record<LedgerVersion['reason'], string> = {
  definition_changed: 'The event’s definition changed',
  identity_merged: 'Two identities turned out to be one person',
  identity_split: 'One identity turned out to be two people',
  late_click: 'A click arrived late',
  late_conversion: 'A conversion arrived late',
  reclassified: 'A touch was classified anew',
  recorded: 'The conversion was recorded',
  refund: 'A refund arrived',
  superseded: 'Another conversion took its place',
  window_changed: 'The attribution window changed',
};
export const ledgerReason = (reason: LedgerVersion['reason']): string => LEDGER_REASONS[reason];

const IDENTIFIER_KINDS: Record<string, string> = {
  click: 'Click',
  conversion: 'Conversion',
  customer: 'Customer',
  email: 'E-mail (hashed)',
  recipient: 'Recipient',
  visitor: 'Visitor',
};
export const identifierKind = (kind: string): string => IDENTIFIER_KINDS[kind] ?? kind;

const JOIN_SOURCES: Record<string, string> = {
  event: 'an event',
  identify: 'an identify call',
  landing: 'a landing',
  server: 'your server',
  user: 'a person here',
};
export const joinSource = (source: string): string => JOIN_SOURCES[source] ?? source;

const REPORT_SOURCES: Record<string, string> = { browser: 'Website', import: 'Import', server: 'Server' };
export const reportSource = (source: string): string => REPORT_SOURCES[source] ?? source;
