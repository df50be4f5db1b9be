import type { Basis, BreakdownBy, Model } from '#/api/types';
import { isDay, lastDays, type Period } from '#/lib/days';
import { defined, oneOf, textOf } from '#/lib/search';
import { MODEL_NAMES } from '#/lib/words';

export const PRESET_DAYS = [7, 14, 30, 60, 90] as const;
export type PresetDays = (typeof PRESET_DAYS)[number];
const DEFAULT_DAYS: PresetDays = 30;

export const METRICS = ['clicks', 'conversions', 'value'] as const;
export type Metric = (typeof METRICS)[number];

/** What the overview shows; absent means the default, so that a plain address stays plain. */
export interface OverviewSearch {
  days?: PresetDays;
  from?: string;
  to?: string;
  model?: Model;
  event?: string;
  by?: BreakdownBy;
  basis?: Basis;
  metric?: Metric;
}

export function overviewSearch(search: Record<string, unknown>): OverviewSearch {
  const isCustom = isDay(search.from) && isDay(search.to) && search.from <= search.to;
  return defined({
    days: isCustom ? undefined : oneOf(search.days, PRESET_DAYS),
    from: isCustom ? search.from : undefined,
    to: isCustom ? search.to : undefined,
    model: oneOf(search.model, MODEL_NAMES),
    event: textOf(search.event),
    by: oneOf(search.by, ['channel', 'campaign', 'link']),
    basis: oneOf(search.basis, ['conversion_date', 'touch_date']),
    metric: oneOf(search.metric, METRICS),
  }) as OverviewSearch;
}

/** The days that a search means today, in the workspace's time zone. */
export function periodOf(search: OverviewSearch, timezone: string): Period & { days: PresetDays | null } {
  if (search.from && search.to) return { from: search.from, to: search.to, days: null };
  const days = search.days ?? DEFAULT_DAYS;
  return { ...lastDays(days, timezone), days };
}
