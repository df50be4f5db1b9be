import type { BreakdownRow } from '#/api/types';

export type SortKey = 'label' | 'clicks' | 'conversions' | 'rate' | 'value' | 'net_value';

export interface Sort {
  key: SortKey;
  isDescending: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Rows in the order asked for; equal ones by name, so that the order never jumps. */
export function sorted(rows: BreakdownRow[], sort: Sort): BreakdownRow[] {
  const sign = sort.isDescending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(a, b, sort.key) || collator.compare(a.label, b.label));
}

function compare(a: BreakdownRow, b: BreakdownRow, key: SortKey): number {
  if (key === 'label') return collator.compare(a.label, b.label);
  const [left, right] = key === 'rate' ? [rateOf(a), rateOf(b)] : [a[key], b[key]];
  return left - right;
}

function rateOf(row: BreakdownRow): number {
  return row.clicks > 0 ? row.conversions / row.clicks : 0;
}
