import type { Overview } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { plural } from '#/lib/numbers';
import { Note } from '#/ui/Note';
import { TextLink } from '#/ui/TextLink';

/** Clicks that an edge could not keep: the figures are lower than what happened. */
export function GapNotice({ gaps }: { gaps: Overview['gaps'] }) {
  if (gaps.count === 0) return null;
  const count = plural(gaps.count, 'record');
  return (
    <Note kind="warning">
      <strong>Some data is missing.</strong> {gaps.at_least ? `At least ${count}` : count} of this period could not be
      kept and {gaps.count === 1 ? 'is' : 'are'} not in these figures; visitors were redirected all the same.{' '}
      <TextLink to="/settings" search={{ tab: 'edges' }}>
        Show edges
      </TextLink>
    </Note>
  );
}

/** Amounts in other currencies: listed apart, never summed. */
export function CurrencyNotice({ overview }: { overview: Overview }) {
  if (overview.other_currencies.length === 0) return null;
  const amounts = overview.other_currencies.map((other) => formatMoney(other.value, other.currency));
  return (
    <Note>
      Not in the {overview.currency} figures: <strong>{new Intl.ListFormat('en').format(amounts)}</strong>. Amounts in
      other currencies are listed apart.
    </Note>
  );
}
