import { Button, Group, SegmentedControl, Title } from '@mantine/core';
import { useState } from 'react';
import type { Overview } from '#/api/types';
import { formatDay } from '#/lib/days';
import { formatMoney, formatMoneyShort } from '#/lib/money';
import { formatCount, formatCountShort } from '#/lib/numbers';
import { ScrollRegion } from '#/ui/ScrollRegion';
import classes from './DailyCard.module.css';
import { DailyChart, type Series } from './DailyChart';
import { METRICS, type Metric } from './search';

const METRIC_LABELS: Record<Metric, string> = { clicks: 'Clicks', conversions: 'Conversions', value: 'Value' };

interface DailyCardProps {
  overview: Overview;
  metric: Metric;
  onMetric: (metric: Metric) => void;
}

export default function DailyCard({ overview, metric, onMetric }: DailyCardProps) {
  const [isTable, setTable] = useState(false);
  return (
    <section className={`surface ${classes.card}`} aria-label="Day by day">
      <Group justify="space-between" gap="xs" mb="sm">
        <Title order={2}>Day by day</Title>
        <Group gap="xs">
          {!isTable && (
            <SegmentedControl
              aria-label="Figure in the chart"
              size="xs"
              data={METRICS.map((value) => ({ value, label: METRIC_LABELS[value] }))}
              value={metric}
              onChange={(value) => onMetric(value as Metric)}
            />
          )}
          <Button size="compact-sm" variant="default" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
            {isTable ? 'Chart' : 'Table'}
          </Button>
        </Group>
      </Group>
      {isTable ? <DailyTable overview={overview} /> : <DailyChart series={seriesOf(overview, metric)} />}
    </section>
  );
}

function seriesOf(overview: Overview, metric: Metric): Series {
  const isMoney = metric === 'value';
  return {
    label: METRIC_LABELS[metric],
    days: overview.days.map((day) => day.day),
    values: overview.days.map((day) => day[metric]),
    format: isMoney ? (value) => formatMoney(Math.round(value), overview.currency) : formatCount,
    formatShort: isMoney ? (value) => formatMoneyShort(Math.round(value), overview.currency) : formatCountShort,
    isWhole: !isMoney,
  };
}

function DailyTable({ overview }: { overview: Overview }) {
  return (
    <ScrollRegion label="Day by day, table" className={`table-scroll ${classes.table}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Clicks</th>
            <th scope="col">Conversions</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {overview.days.toReversed().map((day) => (
            <tr key={day.day}>
              <th scope="row">{formatDay(day.day, 'long')}</th>
              <td>{formatCount(day.clicks)}</td>
              <td>{formatCount(day.conversions)}</td>
              <td>{formatMoney(day.value, overview.currency)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
