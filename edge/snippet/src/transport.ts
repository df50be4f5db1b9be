// SPDX-License-Identifier: MIT
/**
 * Sends reports: by `sendBeacon`, which outlives the page; by `fetch` where that refuses; and where the network is
 * down they are kept for the next page. One that arrives twice is harmless, since an event carries its key.
 */

import { attempt, isDebug, log } from './guard.ts';
import { load, type Report, save } from './store.ts';

const UNSENT_MAX = 20;
const UNSENT_MAX_AGE_MS = 7 * 86_400_000; // what the edge accepts

/** Unix milliseconds by the page's monotonic clock: right within a page, comparable between pages. */
export const now = (): number => performance.timeOrigin + performance.now();

/** Sends what happened `at` (as `now` says) to `endpoint`. */
export function send(endpoint: string, report: Report, at: number): void {
  const body = JSON.stringify({ ...report, age: Math.max(0, now() - at) | 0 });
  log(body);
  // For a developer the edge's answer is of interest, and only fetch has one.
  if (!isDebug && navigator.onLine && attempt(() => navigator.sendBeacon(endpoint, body))) return;
  fetch(endpoint, { method: 'POST', body, keepalive: true })
    .then(async (response) => {
      log(response.status, await response.text());
      if (response.status > 499) throw response;
    })
    .catch(() => save({ q: [...load().q, [report, at] as const].slice(-UNSENT_MAX) as never }));
}

/** Sends what an earlier page, or this one, could not. */
export function sendUnsent(endpoint: string): void {
  const unsent = load().q;
  save({ q: [] });
  for (const [report, at] of unsent) if (now() - at < UNSENT_MAX_AGE_MS) send(endpoint, report, at);
}
