// SPDX-License-Identifier: MIT
/**
 * What is kept in the visitor's browser, and whether anything may be: one localStorage item, and the visitor id in a
 * cookie too, which the site's other subdomains and its servers can read. Where the visitor said no, nothing is read or
 * written. Storage may be blocked, so that every access throws: then there is simply nothing.
 */

import { attempt } from './guard.ts';
import { isId, newId } from './ids.ts';

const ITEM = 'clicktrail';
const VISITOR_COOKIE = '_ct_v';
const CLICKS_COOKIE = '_ct'; // the edge's
const VISITOR_S = 395 * 86_400; // not extended by later visits

export type Report = Record<string, unknown>;
export type Unsent = [report: Report, at: number];

interface Kept {
  /** The visitor id. */
  v: string;
  /** Click ids, newest first. An id says by itself when it was made. */
  c: string[];
  /** When the visitor last opened a page, Unix ms. */
  s: number;
  /** Reports that could not be sent. */
  q: Unsent[];
}

/** Whether the visitor agrees. Global Privacy Control stands above what the page says. */
export let mayStore = false;

export const isPrivate = (): unknown => (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;

export function setConsent(isGiven: boolean): void {
  mayStore = isGiven && !isPrivate();
}

export const load = (): Kept => ({
  v: '',
  c: [],
  s: 0,
  q: [],
  ...attempt(() => mayStore && JSON.parse(localStorage.getItem(ITEM) as string)),
});

export function save(change: Partial<Kept>): void {
  attempt(() => mayStore && localStorage.setItem(ITEM, JSON.stringify({ ...load(), ...change })));
}

/** Removes all that Clicktrail keeps in this browser for this site, the edge's cookie too. */
export function erase(): void {
  attempt(() => localStorage.removeItem(ITEM));
  writeCookie(VISITOR_COOKIE, '', 0);
  writeCookie(CLICKS_COOKIE, '', 0);
}

/** The visitor's id, made and kept when there is none yet; empty where nothing may or can be kept. */
export function visitor(): string {
  const held = readCookie(VISITOR_COOKIE);
  const id = [held, load().v].find(isId) || newId();
  if (held !== id) writeCookie(VISITOR_COOKIE, id, VISITOR_S);
  save({ v: id });
  return [readCookie(VISITOR_COOKIE), load().v].includes(id) ? id : '';
}

/** The click ids that the edge left in its cookie, newest first: `<click>.<link>~<click>.<link>…`. */
export const edgeClicks = (): string[] =>
  readCookie(CLICKS_COOKIE)
    .split(/\.[^~]*~?/)
    .filter(isId);

const readCookie = (name: string): string =>
  attempt(() => mayStore && (document.cookie.match(`(^|; )${name}=([^;]*)`) || '')[2]) || '';

/**
 * Sets a cookie on the widest domain that the browser allows, from the top: it refuses public suffixes. The last try
 * is without a domain, for hosts that have no other. With `seconds` 0 it is removed from all of them.
 */
function writeCookie(name: string, value: string, seconds: number): void {
  const labels = location.hostname.split('.');
  const secure = location.protocol[5] ? ';secure' : ''; // longer than `http:`
  let domain = '';
  do {
    const label = labels.pop();
    domain = label ? `.${label}${domain}` : '';
    attempt(() => {
      if (mayStore || !seconds)
        // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is asynchronous and not everywhere
        document.cookie = `${name}=${value};path=/;max-age=${seconds};samesite=lax${secure};domain=${domain}`;
    });
  } while (domain && !(value && readCookie(name) === value));
}
