import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useWorkspace } from '#/app/session';
import { formatPeriod, lengthOf } from '#/lib/days';
import { plural } from '#/lib/numbers';
import { PageHeader } from '#/ui/PageHeader';
import { Loaded } from '#/ui/PageState';
import { useModel } from '#/ui/useModel';
import { BreakdownCard } from './BreakdownCard';
import { Figures } from './Figures';
import { FirstSteps } from './FirstSteps';
import { ModelSwitch } from './ModelSwitch';
import { CurrencyNotice, GapNotice } from './Notices';
import { overviewQuery, type ReportFilter } from './queries';
import { EventFilter, PeriodPicker } from './ReportFilters';
import { ChartSkeleton, FiguresSkeleton } from './Skeletons';
import { type OverviewSearch, periodOf } from './search';

const route = getRouteApi('/app/');
const DailyCard = lazy(() => import('./DailyCard'));

export function OverviewPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { timezone } = useWorkspace();
  const period = periodOf(search, timezone);
  const filter: ReportFilter = {
    from: period.from,
    to: period.to,
    model: useModel(search.model, search.event),
    event: search.event,
  };
  const overview = useQuery(overviewQuery(filter));
  const change = (next: OverviewSearch) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true, resetScroll: false });

  return (
    <>
      <PageHeader
        title="Overview"
        actions={
          <>
            <EventFilter event={search.event} onChange={(event) => change({ event })} />
            <PeriodPicker period={period} timezone={timezone} onChange={change} />
          </>
        }
      >
        {formatPeriod(period)} · {plural(lengthOf(period), 'day')} · {timezone.replaceAll('_', ' ')}
      </PageHeader>
      <Stack gap="md">
        <FirstSteps />
        <Loaded query={overview} loading={<OverviewSkeleton />}>
          {(data) => (
            <Stack gap="md" style={{ opacity: overview.isPlaceholderData ? 0.6 : 1 }}>
              <GapNotice gaps={data.gaps} />
              <Figures overview={data} days={lengthOf(data)} />
              <CurrencyNotice overview={data} />
              <Suspense fallback={<ChartSkeleton />}>
                <DailyCard
                  overview={data}
                  metric={search.metric ?? 'clicks'}
                  onMetric={(metric) => change({ metric })}
                />
              </Suspense>
            </Stack>
          )}
        </Loaded>
        <section className="surface" aria-label="Where conversions come from">
          <ModelSwitch model={filter.model} onChange={(model) => change({ model })} />
          <BreakdownCard
            filter={filter}
            by={search.by ?? 'channel'}
            basis={search.basis ?? 'conversion_date'}
            onChange={change}
          />
        </section>
      </Stack>
    </>
  );
}

function OverviewSkeleton() {
  return (
    <Stack gap="md">
      <FiguresSkeleton />
      <ChartSkeleton />
    </Stack>
  );
}
