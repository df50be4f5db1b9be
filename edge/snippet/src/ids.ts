// SPDX-License-Identifier: MIT
/** Ids as the edge reads them: UUIDv7 (RFC 9562 §5.7) in 22 characters of base64url, no padding. */

/**
 * One id, as a pattern without anchors. Exact: the 9th character holds the version (7), the 11th the variant (binary
 * 10), the last one only two bits. The edge refuses a report with any other text where an id belongs.
 */
export const ID = '[\\w-]{8}[c-f][\\w-][CGKOSWaeimquy26-][\\w-]{10}[AQgw]';

const whole = new RegExp(`^${ID}$`);

export const isId = (text: string): boolean => whole.test(text);

/** A new id of this moment. Throws where the browser has no `crypto`. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  // An element takes the low 8 bits of the number's whole part.
  for (let i = 6; i--; time /= 256) bytes[i] = time;
  bytes[6] = ((bytes[6] as number) & 15) | 112;
  bytes[8] = ((bytes[8] as number) & 63) | 128;
  return btoa(String.fromCharCode(...bytes))
    .slice(0, 22)
    .replace(/\+/g, '-')
    .replace(/\//g, '_');
}
