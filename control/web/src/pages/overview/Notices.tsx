import { Alert } from '@mantine/core';
import type { Overview } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { plural } from '#/lib/numbers';
import { Icon } from '#/ui/Icon';

/** What the figures leave out, and why. */
export function Notices({ overview }: { overview: Overview }) {
  return (
    <>
      <GapNotice gaps={overview.gaps} />
      <CurrencyNotice overview={overview} />
    </>
  );
}

function GapNotice({ gaps }: { gaps: Overview['gaps'] }) {
  if (gaps.count === 0) return null;
  const atLeast = gaps.at_least ? 'At least ' : '';
  return (
    <Alert color="orange" variant="light" icon={<Icon name="warning" />} title="Some clicks are missing here">
      {atLeast}
      {plural(gaps.count, 'record')} of this period could not be kept by an edge and {gaps.count === 1 ? 'is' : 'are'}{' '}
      not in these figures. Visitors were redirected all the same. Settings → Edges shows which one.
    </Alert>
  );
}

function CurrencyNotice({ overview }: { overview: Overview }) {
  if (overview.other_currencies.length === 0) return null;
  const amounts = overview.other_currencies.map((other) => formatMoney(other.value, other.currency));
  return (
    <Alert color="gray" variant="light" title={`Not part of the ${overview.currency} figures`}>
      {new Intl.ListFormat('en').format(amounts)}. Amounts in other currencies are never added to yours.
    </Alert>
  );
}
