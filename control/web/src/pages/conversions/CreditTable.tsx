import { Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { CreditedTouch, Explanation, Model, ModelShare } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { CREDIT_UNIT, formatCount, formatExactShare, formatShare } from '#/lib/numbers';
import { formatDuration } from '#/lib/time';
import { MODEL_NAMES, MODELS } from '#/lib/words';
import { Moment } from '#/ui/Moment';
import { EmptyState } from '#/ui/PageState';
import { ScrollRegion } from '#/ui/ScrollRegion';
import classes from './CreditTable.module.css';
import { TouchSource } from './TouchSource';

interface CreditTableProps {
  conversion: Explanation;
  model: Model;
  onModel: (model: Model) => void;
}

/** Touches as rows, models as columns: who gets what under each, with totals that prove it adds up. */
export function CreditTable({ conversion, model, onModel }: CreditTableProps) {
  const chosen = useScrolledIntoView(model);
  if (conversion.touches.length === 0) {
    return (
      <EmptyState title="No touch to credit">
        Nothing within {formatDuration(conversion.window_days * 86_400_000)} before this conversion is known to come
        from this person. It is reported as unattributed, and joined as soon as a click arrives.
      </EmptyState>
    );
  }
  const models = MODEL_NAMES.filter((name) => conversion.touches.some((touch) => touch.models[name]));
  const cellClass = (name: Model) => `number ${name === model ? classes.chosen : ''}`;
  return (
    <ScrollRegion label="Credits by touch and model">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col" className={classes.touch}>
              Touch
            </th>
            {models.map((name) => (
              <th key={name} ref={name === model ? chosen : undefined} scope="col" className={cellClass(name)}>
                <button type="button" aria-pressed={name === model} onClick={() => onModel(name)}>
                  {MODELS[name].label}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {conversion.touches.map((touch) => (
            <tr key={touch.id}>
              <th scope="row" className={classes.touch}>
                <TouchName touch={touch} />
              </th>
              {models.map((name) => (
                <td key={name} className={cellClass(name)}>
                  <CreditCell credit={touch.models[name]} currency={conversion.currency} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" className={classes.touch}>
              Total
            </th>
            {models.map((name) => (
              <td key={name} className={cellClass(name)}>
                <CreditCell credit={totalOf(conversion.touches, name)} currency={conversion.currency} isTotal />
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </ScrollRegion>
  );
}

/** Brings the chosen model's column beside the fixed first one, where the screen is too narrow for all. */
function useScrolledIntoView(model: Model) {
  const heading = useRef<HTMLTableCellElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the heading that `heading` holds follows the model
  useEffect(() => {
    const fixed = heading.current?.parentElement?.firstElementChild;
    const region = heading.current?.closest('section');
    if (!heading.current || !(fixed instanceof HTMLElement) || !region) return;
    region.scrollLeft = heading.current.offsetLeft - fixed.offsetWidth;
  }, [model]);
  return heading;
}

function TouchName({ touch }: { touch: CreditedTouch }) {
  return (
    <span className={classes.name}>
      <span className={classes.position} aria-hidden="true">
        {touch.position}
      </span>
      <span className={classes.facts}>
        <TouchSource touch={touch} />
        <Text span size="xs" c="dimmed" display="block">
          <Moment at={touch.occurred_at} /> · {formatDuration(touch.age_ms)} before
        </Text>
      </span>
    </span>
  );
}

interface CreditCellProps {
  credit: ModelShare | undefined;
  currency: string | null;
  isTotal?: boolean;
}

function CreditCell({ credit, currency, isTotal = false }: CreditCellProps) {
  if (!credit || (credit.credit === 0 && !isTotal)) return <span className={classes.nothing}>–</span>;
  const { value, net_value } = credit;
  return (
    <>
      <span title={`Weight ${formatCount(credit.weight)}, credit ${formatExactShare(credit.credit)}`}>
        {formatShare(credit.credit)}
      </span>
      {value !== null && currency && (
        <span className={classes.value}>
          {formatMoney(value, currency)}
          {net_value !== null && net_value !== value && (
            <span className={classes.net}>net {formatMoney(net_value, currency)}</span>
          )}
        </span>
      )}
      <span className={classes.bar} style={{ width: isTotal ? 0 : `${(100 * credit.credit) / CREDIT_UNIT}%` }} />
    </>
  );
}

function totalOf(touches: CreditedTouch[], model: Model): ModelShare {
  const credits = touches.map((touch) => touch.models[model]).filter((credit) => credit !== undefined);
  const sum = (of: (credit: ModelShare) => number | null): number | null =>
    credits.every((credit) => of(credit) === null)
      ? null
      : credits.reduce((total, credit) => total + (of(credit) ?? 0), 0);
  return {
    weight: sum((credit) => credit.weight) ?? 0,
    credit: sum((credit) => credit.credit) ?? 0,
    value: sum((credit) => credit.value),
    net_value: sum((credit) => credit.net_value),
  };
}
