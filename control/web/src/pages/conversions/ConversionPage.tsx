import { Group, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Explanation, Model } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { plural } from '#/lib/numbers';
import { reportSource } from '#/lib/words';
import { Moment } from '#/ui/Moment';
import { Loaded } from '#/ui/PageState';
import { TextLink } from '#/ui/TextLink';
import { useModel } from '#/ui/useModel';
import { ConversionBadges } from './ConversionBadges';
import classes from './ConversionPage.module.css';
import { CreditTable } from './CreditTable';
import { ExcludedTouches } from './ExcludedTouches';
import { ModelChooser } from './ModelChooser';
import { PersonCard } from './PersonCard';
import { conversionQuery } from './queries';
import { LedgerCard, RefundsCard, ReportsCard } from './RecordCards';

const route = getRouteApi('/app/conversions/$conversionId');

export function ConversionPage() {
  const { conversionId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const conversion = useQuery(conversionQuery(conversionId));
  useDocumentTitle(`${conversion.data?.title ?? 'Conversion'} · Clicktrail`);
  const model = useModel(search.model, conversion.data?.event);
  const chooseModel = (next: Model) =>
    void navigate({ search: (old) => ({ ...old, model: next }), replace: true, resetScroll: false });
  return (
    <>
      <TextLink to="/conversions" search={{ model: search.model }} size="sm">
        ← All conversions
      </TextLink>
      {!conversion.data && <Title order={1}>Conversion</Title>}
      <Loaded query={conversion}>
        {(data) => (
          <Stack gap="md" mt="xs">
            <Heading conversion={data} />
            <section className="surface" aria-label="Touches and credits">
              <ModelChooser conversion={data} model={model} onChange={chooseModel} />
              <CreditTable conversion={data} model={model} onModel={chooseModel} />
            </section>
            <ExcludedTouches conversion={data} />
            <div className={classes.columns}>
              <PersonCard conversion={data} />
              <Stack gap="md">
                <LedgerCard ledger={data.ledger} />
                <RefundsCard conversion={data} />
              </Stack>
            </div>
            <ReportsCard reports={data.reports} />
          </Stack>
        )}
      </Loaded>
    </>
  );
}

function Heading({ conversion }: { conversion: Explanation }) {
  const { amount, currency, refunded } = conversion;
  return (
    <div>
      <Group gap="xs">
        <Title order={1}>{conversion.title}</Title>
        <ConversionBadges conversion={conversion} />
      </Group>
      <dl className={classes.facts}>
        <Fact label="When">
          <Moment at={conversion.occurred_at} />
        </Fact>
        {amount !== null && currency && <Fact label="Value">{formatMoney(amount, currency)}</Fact>}
        {amount !== null && currency && refunded > 0 && (
          <>
            <Fact label="Refunded">{formatMoney(refunded, currency)}</Fact>
            <Fact label="Net value">{formatMoney(amount - refunded, currency)}</Fact>
          </>
        )}
        {conversion.order_id && <Fact label="Order">{conversion.order_id}</Fact>}
        <Fact label="Reported by">{reportSource(conversion.source)}</Fact>
        <Fact label="Window">{plural(conversion.window_days, 'day')}</Fact>
      </dl>
      <Text size="xs" c="dimmed" className="mono">
        {conversion.id}
      </Text>
    </div>
  );
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
