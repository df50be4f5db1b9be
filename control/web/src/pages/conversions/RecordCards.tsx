import { Text, Title } from '@mantine/core';
import type { Explanation, LedgerVersion } from '#/api/types';
import { formatMoney } from '#/lib/money';
import { plural } from '#/lib/numbers';
import { ledgerReason, reportSource } from '#/lib/words';
import { CodeBlock } from '#/ui/Copy';
import { Moment } from '#/ui/Moment';
import classes from './Cards.module.css';

/** Every version of the credits, newest first, and why each replaced the one before. */
export function LedgerCard({ ledger }: { ledger: LedgerVersion[] }) {
  return (
    <section className={`surface ${classes.card}`} aria-label="History of the credits">
      <Title order={2}>History of the credits</Title>
      <ol className={classes.timeline}>
        {ledger
          .toSorted((a, b) => b.version - a.version)
          .map((version) => (
            <li key={version.version} data-current={version.closed_at === null || undefined}>
              {ledgerReason(version.reason)}
              <Text span size="xs" c="dimmed" display="block">
                Version {version.version}, {plural(version.touches, 'touch', 'touches')} ·{' '}
                <Moment at={version.opened_at} />
                {version.closed_at === null && ' · current'}
              </Text>
            </li>
          ))}
      </ol>
      {ledger.length === 0 && (
        <Text size="sm" c="dimmed">
          Not credited yet.
        </Text>
      )}
    </section>
  );
}

export function RefundsCard({ conversion: { refunds, currency } }: { conversion: Explanation }) {
  if (refunds.length === 0) return null;
  return (
    <section className={`surface ${classes.card}`} aria-label="Refunds">
      <Title order={2}>Refunds</Title>
      <ul className={classes.list}>
        {refunds.map((refund) => {
          const code = refund.currency ?? currency;
          return (
            <li key={refund.id}>
              {refund.amount === null || !code ? 'All that was left' : formatMoney(refund.amount, code)}
              <Text span size="xs" c="dimmed" display="block">
                <Moment at={refund.occurred_at} />
                {refund.over_refund > 0 && code && ` · ${formatMoney(refund.over_refund, code)} more than was left`}
              </Text>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What arrived, as it arrived: a browser’s and a server’s report of one order are both kept. */
export function ReportsCard({ reports }: { reports: Explanation['reports'] }) {
  return (
    <section className={`surface ${classes.card}`} aria-label="Reports">
      <Title order={2}>{plural(reports.length, 'report')} received</Title>
      {reports.map((report) => (
        <details key={`${report.source} ${report.received_at}`} className={classes.report}>
          <summary>
            {reportSource(report.source)},{' '}
            <Text span size="sm" c="dimmed">
              <Moment at={report.received_at} />
            </Text>
          </summary>
          <CodeBlock code={bodyText(report.body)} label={`Report by ${reportSource(report.source).toLowerCase()}`} />
        </details>
      ))}
    </section>
  );
}

function bodyText(body: unknown): string {
  try {
    return JSON.stringify(typeof body === 'string' ? JSON.parse(body) : body, null, 2);
  } catch {
    return String(body);
  }
}
