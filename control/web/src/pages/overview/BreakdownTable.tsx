import { useState } from 'react';
import type { Breakdown, BreakdownBy, BreakdownFigures, BreakdownRow } from '#/api/types';
import { useWorkspace } from '#/app/session';
import { formatMoney } from '#/lib/money';
import { CREDIT_UNIT, formatCount, formatCredits, formatRate } from '#/lib/numbers';
import { BREAKDOWNS, channelLabel } from '#/lib/words';
import { Icon } from '#/ui/Icon';
import { EmptyState } from '#/ui/PageState';
import { ScrollRegion } from '#/ui/ScrollRegion';
import { TextLink } from '#/ui/TextLink';
import classes from './BreakdownCard.module.css';
import type { ReportFilter } from './queries';
import { type Sort, type SortKey, sorted } from './sorting';

const COLUMNS: { key: Exclude<SortKey, 'label'>; label: string }[] = [
  { key: 'clicks', label: 'Clicks' },
  { key: 'conversions', label: 'Conversions' },
  { key: 'rate', label: 'Rate' },
  { key: 'value', label: 'Value' },
  { key: 'net_value', label: 'Net value' },
];

interface BreakdownTableProps {
  breakdown: Breakdown;
  by: BreakdownBy;
  filter: ReportFilter;
}

/** Every row, what could not be credited, and the total that they add up to. */
export function BreakdownTable({ breakdown, by, filter }: BreakdownTableProps) {
  const [sort, setSort] = useState<Sort>({ key: 'conversions', isDescending: true });
  const isEmpty = breakdown.rows.length === 0 && breakdown.total.conversions === 0 && breakdown.total.clicks === 0;
  if (isEmpty) {
    return (
      <EmptyState title="Nothing in these days">
        There were no clicks and no conversions. Try a longer period.
      </EmptyState>
    );
  }
  const rows = sorted(
    breakdown.rows.map((row) => ({ ...row, label: labelOf(row, by) })),
    sort,
  );
  return (
    <ScrollRegion label={`By ${BREAKDOWNS[by].toLowerCase()}`}>
      <table className={classes.table}>
        <thead>
          <tr>
            <SortHeader column="label" label={BREAKDOWNS[by]} sort={sort} onSort={setSort} />
            {COLUMNS.map((column) => (
              <SortHeader
                key={column.key}
                column={column.key}
                label={column.label}
                sort={sort}
                onSort={setSort}
                isNumber
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">
                <RowName row={row} by={by} filter={filter} />
                <span className={classes.share} style={{ width: shareOf(row, breakdown.total) }} />
              </th>
              <FigureCells figures={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th
              scope="row"
              title="Conversions with no touch in their window: nobody is credited, so the total still adds up."
            >
              Unattributed
            </th>
            <FigureCells figures={breakdown.unattributed} />
          </tr>
          <tr className={classes.total ?? ''}>
            <th scope="row">Total</th>
            <FigureCells figures={breakdown.total} />
          </tr>
        </tfoot>
      </table>
    </ScrollRegion>
  );
}

function labelOf(row: BreakdownRow, by: BreakdownBy): string {
  if (by === 'channel') return channelLabel(row.key);
  return row.label || (by === 'campaign' ? 'No campaign' : 'Without a link');
}

function RowName({ row, by, filter }: { row: BreakdownRow; by: BreakdownBy; filter: ReportFilter }) {
  const column = ({ channel: 'channel', campaign: 'campaign_id', link: 'link_id' } as const)[by];
  if (!row.key) return <span className={classes.name}>{row.label}</span>;
  return (
    <TextLink
      to="/conversions"
      search={{ [column]: row.key, from: filter.from, to: filter.to, event: filter.event, model: filter.model }}
      className={classes.name ?? ''}
      title={row.label}
    >
      {row.label}
    </TextLink>
  );
}

function FigureCells({ figures }: { figures: BreakdownFigures }) {
  const { currency } = useWorkspace();
  return (
    <>
      <td className="number">{formatCount(figures.clicks ?? 0)}</td>
      <td className="number">{formatCredits(figures.conversions)}</td>
      <td className="number">{formatRate(figures.conversions / CREDIT_UNIT, figures.clicks ?? 0)}</td>
      <td className="number">{formatMoney(figures.value, currency)}</td>
      <td className="number">{formatMoney(figures.net_value ?? figures.value, currency)}</td>
    </>
  );
}

function shareOf(row: BreakdownFigures, total: BreakdownFigures): string {
  return total.conversions > 0 ? `${(100 * row.conversions) / total.conversions}%` : '0';
}

interface SortHeaderProps {
  column: SortKey;
  label: string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  isNumber?: boolean;
}

function SortHeader({ column, label, sort, onSort, isNumber = false }: SortHeaderProps) {
  const isActive = sort.key === column;
  const direction = sort.isDescending ? 'descending' : 'ascending';
  const toggle = () => onSort({ key: column, isDescending: isActive ? !sort.isDescending : isNumber });
  return (
    <th
      scope="col"
      className={isNumber ? 'number' : ''}
      aria-sort={isActive ? direction : 'none'}
      style={isNumber ? {} : { textAlign: 'start' }}
    >
      <button type="button" className={classes.sort} data-active={isActive || undefined} onClick={toggle}>
        {label}
        {isActive && <Icon name={sort.isDescending ? 'arrowDown' : 'arrowUp'} size={12} />}
      </button>
    </th>
  );
}
