import type { EventDefinition } from '#/api/types';
import { decimalText } from '#/lib/money';

const EXAMPLE_AMOUNT = 4990;

/**
 * What every page of the site carries once: a queue, so that a page may call `clicktrail` before the snippet is there,
 * and the snippet itself. `origin` is that of a short domain.
 */
export function scriptTags(origin: string, publishableKey: string): string {
  return [
    '<script>',
    '  window.clicktrail = window.clicktrail || function () { (clicktrail.q = clicktrail.q || []).push(arguments) }',
    '</script>',
    `<script async src="${origin}/_t/t.js" data-key="${publishableKey}"></script>`,
  ].join('\n');
}

type Event = Pick<EventDefinition, 'name' | 'default_amount' | 'default_currency'>;

/** The line that reports the event from a page, right after it happened. */
export function eventCall(event: Event, workspaceCurrency: string): string {
  const { value, currency } = exampleValue(event, workspaceCurrency);
  if (event.name === 'purchase') {
    return `clicktrail('event', 'purchase', {value: '${value}', currency: '${currency}', order: 'A-1001'})`;
  }
  if (event.default_amount !== null) return `clicktrail('event', '${event.name}')`;
  return `clicktrail('event', '${event.name}', {key: 'the id of your own record'})`;
}

/** The same report from a server. */
export function serverCall(event: Event, workspaceCurrency: string, controlOrigin: string): string {
  const { value, currency } = exampleValue(event, workspaceCurrency);
  const body =
    event.name === 'purchase'
      ? { event: event.name, click_id: 'THE_CLICK_ID', order_id: 'A-1001', value, currency }
      : { event: event.name, click_id: 'THE_CLICK_ID', event_key: 'the id of your own record' };
  return [
    `curl ${controlOrigin}/api/v1/conversions \\`,
    `  -H 'Authorization: Bearer sk_…' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${JSON.stringify(body)}'`,
  ].join('\n');
}

function exampleValue(event: Event, workspaceCurrency: string): { value: string; currency: string } {
  const currency = event.default_currency ?? workspaceCurrency;
  return { value: decimalText(event.default_amount ?? EXAMPLE_AMOUNT, currency), currency };
}
