import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '#/api/client';
import type { Basis, Breakdown, BreakdownBy, Model, Overview } from '#/api/types';

export interface ReportFilter {
  from: string;
  to: string;
  model: Model;
  event: string | undefined;
}

/** New conversions should be seen without a reload. */
const REPORT_POLL_MS = 30_000;

export function overviewQuery(filter: ReportFilter) {
  return queryOptions({
    queryKey: ['reports', 'overview', filter],
    queryFn: ({ signal }) => api.get<Overview>('/reports/overview', { ...filter }, signal),
    placeholderData: keepPreviousData,
    refetchInterval: REPORT_POLL_MS,
  });
}

export function breakdownQuery(filter: ReportFilter, by: BreakdownBy, basis: Basis) {
  return queryOptions({
    queryKey: ['reports', 'breakdown', filter, by, basis],
    queryFn: ({ signal }) => api.get<Breakdown>('/reports/breakdown', { ...filter, by, basis }, signal),
    // Rows of another kind are never shown under this kind's heading, not even while loading.
    placeholderData: (previous, query) => (query?.queryKey[3] === by ? previous : undefined),
    refetchInterval: REPORT_POLL_MS,
  });
}
