// SPDX-License-Identifier: MIT
/** What a page says of an event, as the edge wants to read it. */

import { newId } from './ids.ts';

const TEXT_MAX_CHARS = 256;
const VALUE_MAX_DECIMALS = 4;

/** Arguments of `event` and `identify`; whatever has no meaning of its own is a property of the event. */
export interface Said {
  value?: string | number;
  amount?: number;
  currency?: string;
  order?: string | number;
  key?: string;
  customer?: string | number;
  email?: string;
  [property: string]: unknown;
}

/**
 * A field of the report; `undefined` leaves it out. A number is its shortest decimal text, without the noise of binary
 * fractions: 0.1 + 0.2 is 0.3.
 */
export const text = (value: unknown): string | undefined =>
  value == null || value === ''
    ? undefined
    : `${(value as number).toFixed ? +(value as number).toFixed(VALUE_MAX_DECIMALS) : value}`.slice(0, TEXT_MAX_CHARS);

/** The fields of an event but for those that say who the visitor is. Its key is a random one unless given. */
export function eventFields(said: Said): Record<string, unknown> {
  const { value, amount, currency, order, key, customer, email, ...props } = said;
  for (const name in props) props[name] = text(props[name]);
  return { value: text(value), amount, currency, order: text(order), key: text(key) || newId(), props };
}

/** SHA-256 of an e-mail address, trimmed and in lower case, as 64 hexadecimal digits. Fails where there is no digest. */
export async function emailHash(email: string): Promise<string> {
  const bytes = new TextEncoder().encode(email.trim().toLowerCase());
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => (byte + 256).toString(16).slice(1)).join('');
}
