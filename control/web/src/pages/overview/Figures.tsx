import type { Overview } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { type Change, changeOf, formatCount, plural } from '#/lib/numbers';
import classes from './Figures.module.css';

interface Figure {
  label: string;
  text: string;
  change: Change | null;
  before: string;
  note?: string;
}

export function Figures({ overview, days }: { overview: Overview; days: number }) {
  return (
    <dl className={`surface ${classes.figures}`}>
      {figuresOf(overview).map((figure) => (
        <div key={figure.label} className={classes.figure}>
          <dt className={classes.label}>{figure.label}</dt>
          <dd className={classes.value}>{figure.text}</dd>
          <dd className={classes.note}>
            <ChangeMark change={figure.change} />{' '}
            <span title={`The ${plural(days, 'day')} before: ${figure.before}`}>from {figure.before}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function figuresOf(overview: Overview): Figure[] {
  const { previous, currency } = overview;
  const count = (label: string, current: number, before: number): Figure => ({
    label,
    text: formatCount(current),
    before: formatCount(before),
    change: changeOf(current, before),
  });
  const money = (label: string, current: number, before: number): Figure => ({
    label,
    text: formatMoney(current, currency),
    before: formatMoney(before, currency),
    change: changeOf(current, before),
  });
  return [
    count('Clicks', overview.clicks, previous.clicks),
    count('Conversions', overview.conversions, previous.conversions),
    money('Value', overview.value, previous.value),
    money('Net of refunds', overview.net_value, previous.net_value),
  ];
}

const SIGNS = { up: '▲', down: '▼', same: '' };

function ChangeMark({ change }: { change: Change | null }) {
  if (!change) return <span className={classes.up}>New</span>;
  return (
    <span className={classes[change.direction]}>
      <span aria-hidden="true">{SIGNS[change.direction]}</span> {change.text}
    </span>
  );
}
