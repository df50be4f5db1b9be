// SPDX-License-Identifier: MIT
/**
 * The snippet: follows a click to the page that it led to, and reports what comes of it.
 *
 * The click id leaves the address bar at once. All else waits until the page is really opened: a prerendered one may
 * never be. Then come the consent calls made before this script was there, what an earlier page could not send, the
 * landing, and the other calls. A landing also waits until the page is seen, since browsers preload in hidden tabs.
 *
 * Of a visitor who said no only the click id of this very page is known, in memory; who they are isn't told at all.
 */

import { withoutClicks } from './address.ts';
import { emailHash, eventFields, type Said, text } from './fields.ts';
import { attempt, log, setDebug } from './guard.ts';
import { isId } from './ids.ts';
import { edgeClicks, erase, isPrivate, load, mayStore, type Report, save, setConsent, visitor } from './store.ts';
import { now, send, sendUnsent } from './transport.ts';

const SESSION_IDLE_MS = 30 * 60_000;
const CLICKS_MAX = 8;
const ADDRESS_MAX_CHARS = 4096; // browsers keep to it in a referrer by themselves

type Call = [name?: unknown, first?: unknown, second?: unknown];
/** `window.clicktrail`: the page's stub, which keeps calls in `q`, and then what answers them, with `on`. */
type Clicktrail = ((...call: Call) => void) & { q?: Call[]; on?: boolean };
interface Ids {
  click_id: string;
  visitor_id: string;
}

const page = window as unknown as { clicktrail?: Clicktrail };

const once = (type: string, run: () => void) => document.addEventListener(type, () => attempt(run), { once: true });

attempt(() => {
  const tag = document.currentScript as HTMLScriptElement;
  const { key, query, consent } = tag.dataset;
  const stub: Partial<Clicktrail> = page.clicktrail || {};
  if (!key || stub.on) return;
  const endpoint = new URL('e', tag.src).href;
  setDebug('debug' in tag.dataset);
  setConsent(consent !== 'required');

  const captured: string[] = []; // from this page's address, newest first
  const landed: Record<string, string> = {}; // click id: the visitor id that it was reported with
  let clicks = captured; // in hand, newest first
  let waiting: Call[] | undefined = stub.q || [];

  function report(type: string, fields: Report, said: Said = {}): void {
    const at = now();
    const url = location.href.slice(0, ADDRESS_MAX_CHARS);
    const tell = (email?: unknown) =>
      attempt(() => {
        const customer = mayStore ? text(said.customer) : undefined;
        if (type !== 'identify' || customer || email)
          send(endpoint, { type, k: key, vid: visitor(), c: clicks[0], url, customer, email, ...fields }, at);
      });
    // Without a secure context there is no digest, and the address doesn't leave the page.
    if (said.email && mayStore) emailHash(said.email).catch(log).then(tell);
    else tell();
  }

  /** Reports what is new: each click id once for each visitor id, or the beginning of a session without any. */
  function land(): void {
    if (document.hidden) {
      once('visibilitychange', land);
      return;
    }
    const { c, s } = load();
    const vid = visitor();
    const ref = document.referrer;
    const fresh = [...new Set([...captured, ...edgeClicks()])].filter((id) => !c.includes(id));
    const unreported = fresh.filter((id) => landed[id] !== vid).reverse();
    clicks = [...fresh, ...c.filter(isId)].slice(0, CLICKS_MAX);
    for (const c of unreported) {
      landed[c] = vid;
      report('landing', { c, new: true, ref });
    }
    if (vid && !unreported[0] && Date.now() - s > SESSION_IDLE_MS) report('landing', { ref });
    save({ c: clicks, s: Date.now() });
  }

  function decide(isGiven: boolean): void {
    setConsent(isGiven);
    if (mayStore) land();
    else {
      erase();
      clicks = captured;
    }
  }

  const answer = ([name, first, second = {}]: Call): void => {
    attempt(() => {
      if (name === 'consent') decide(first === 'granted');
      if (name === 'event') report(name, { name: first, ...eventFields(second as Said) }, second as Said);
      if (name === 'identify') report(name, {}, first as Said);
      if (name === 'ids') (first as (ids: Ids) => void)({ click_id: clicks[0] || '', visitor_id: visitor() });
    });
  };

  const start = (): void => {
    const calls = waiting as Call[];
    waiting = undefined;
    if (isPrivate()) erase();
    const isConsent = (call: Call) => call[0] === 'consent';
    calls.filter(isConsent).map(answer);
    land();
    calls.filter((call) => !isConsent(call)).map(answer);
    sendUnsent(endpoint);
  };

  page.clicktrail = (...call) => (waiting ? waiting.push(call) : answer(call));
  page.clicktrail.on = true;
  const cleaned = withoutClicks(location.href, query || 'ct', (id) => captured.unshift(id));
  if (captured[0]) history.replaceState(history.state, '', cleaned);
  if ((document as { prerendering?: boolean }).prerendering) once('prerenderingchange', start);
  else start();
});
