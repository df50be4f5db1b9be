import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { chartTime, type Day, formatDay } from '#/lib/days';
import classes from './DailyChart.module.css';

export interface Series {
  label: string;
  days: Day[];
  values: number[];
  format: (value: number) => string;
  formatShort: (value: number) => string;
  /** Whether only whole numbers make sense on the axis. */
  isWhole: boolean;
}

const HEIGHT_PX = 240;
const COLORS = {
  light: { line: '#17606f', fill: '#17606f1a', grid: '#e7ebee', text: '#56626d' },
  dark: { line: '#68b1be', fill: '#68b1be24', grid: '#262e36', text: '#9aa5b0' },
};
const DAY_S = 86_400;
const AXIS_FONT = '12px system-ui, sans-serif';

/** A line over days. Pointer and arrow keys move along it; what it shows is also told in words. */
export function DailyChart({ series }: { series: Series }) {
  const host = useRef<HTMLDivElement>(null);
  const reading = useRef<HTMLParagraphElement>(null);
  const chart = useRef<uPlot>(undefined);
  const scheme = useComputedColorScheme('light');

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const plot = new uPlot(optionsOf(series, scheme, element.clientWidth, show), dataOf(series), element);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };

    function show(index: number | null) {
      if (reading.current) reading.current.textContent = readingOf(series, index);
    }
  }, [series, scheme]);

  const move = (event: React.KeyboardEvent) => {
    const plot = chart.current;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!plot || !step) return;
    event.preventDefault();
    const last = series.days.length - 1;
    const index = Math.min(last, Math.max(0, (plot.cursor.idx ?? last + 1) + step));
    const left = plot.valToPos(chartTime(series.days[index] ?? ''), 'x');
    plot.setCursor({ left, top: plot.valToPos(series.values[index] ?? 0, 'y') });
  };

  return (
    <div>
      <p ref={reading} className={classes.reading} aria-live="polite">
        {readingOf(series, null)}
      </p>
      <div
        ref={host}
        className={classes.host}
        role="img"
        aria-label={descriptionOf(series)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move along the line
        tabIndex={0}
        onKeyDown={move}
      />
    </div>
  );
}

function dataOf(series: Series): uPlot.AlignedData {
  return [series.days.map(chartTime), series.values];
}

function readingOf(series: Series, index: number | null): string {
  const at = index ?? series.days.length - 1;
  const day = series.days[at];
  const value = series.values[at];
  if (day === undefined || value === undefined) return '';
  return `${formatDay(day, 'long')}: ${series.format(value)}`;
}

function descriptionOf(series: Series): string {
  const peak = series.values.indexOf(Math.max(...series.values));
  const day = series.days[peak];
  if (day === undefined) return `${series.label} by day: no days`;
  const total = series.values.reduce((sum, value) => sum + value, 0);
  return `${series.label} by day, line chart. Total ${series.format(total)}. Highest on ${formatDay(day, 'long')} with ${series.format(series.values[peak] ?? 0)}. Arrow keys move along the days.`;
}

function optionsOf(
  series: Series,
  scheme: 'light' | 'dark',
  width: number,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const color = COLORS[scheme];
  const axis = { stroke: color.text, font: AXIS_FONT, ticks: { show: false } };
  const isSingle = series.days.length === 1;
  return {
    width,
    height: HEIGHT_PX,
    padding: [12, 26, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, fill: color.line } },
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: { y: { range: (_, __, max) => [0, Math.max(max, series.isWhole ? 4 : 1) * 1.08] } },
    series: [
      {},
      {
        label: series.label,
        stroke: color.line,
        fill: color.fill,
        width: 2,
        points: { show: isSingle || series.days.length <= 14, size: 5, fill: color.line },
      },
    ],
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 30,
        incrs: [1, 2, 7, 14, 30, 60, 90, 180, 365].map((days) => days * DAY_S),
        values: (_, ticks) => ticks.map((seconds) => formatDay(new Date(seconds * 1000).toISOString().slice(0, 10))),
      },
      {
        ...axis,
        grid: { stroke: color.grid, width: 1 },
        size: 64,
        ...(series.isWhole ? { incrs: WHOLE_STEPS } : {}),
        values: (_, ticks) => ticks.map(series.formatShort),
      },
    ],
  };
}

const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
