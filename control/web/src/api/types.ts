/**
 * The API's words as the dashboard uses them. Times are RFC 3339 text in UTC, days are `YYYY-MM-DD` in the workspace's
 * time zone, money is an integer in minor units beside its currency, and credits are millionths of a conversion.
 */
import type { ApiKey, Breakdown, Conversion, Domain, EventDefinition, Link, LinkRule } from './schema';

export type {
  ApiKey,
  ArmResult,
  Breakdown,
  BreakdownFigures,
  BreakdownRow,
  Campaign,
  ConsideredTouch,
  Conversion,
  CreditedTouch,
  Domain,
  Edge,
  EventDefinition,
  EventDefinitionEdit,
  Explanation,
  LedgerVersion,
  Link,
  LinkEdit,
  LinkPreview,
  LinkResults,
  LinkRule,
  ModelShare,
  NamedIdentifier,
  NewApiKey,
  NewDomain,
  NewEventDefinition,
  NewLink,
  Overview,
  Session,
  Workspace,
} from './schema';

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export type Basis = Breakdown['basis'];
export type BreakdownBy = Breakdown['by'];
export type Carry = Link['carry'];
export type ConsentMode = Domain['consent'];
export type Counting = EventDefinition['counting'];
export type DeviceKind = LinkRule['devices'][number];
export type KeyKind = ApiKey['kind'];
export type MatchStatus = Conversion['status'];
export type Model = Breakdown['model'];
export type SystemKind = LinkRule['systems'][number];
