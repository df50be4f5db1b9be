// SPDX-License-Identifier: MIT
/**
 * Click ids in a page's address: `#ct_<id>` in the fragment, or a parameter of the query.
 *
 * In the fragment it may be one of several parts joined by `&`, where a script that ran earlier put its own beside it,
 * or `#/ct_<id>`, where a hash router took it for a route. What isn't ours keeps its exact spelling, which
 * `URLSearchParams` would not promise.
 */

import { ID } from './ids.ts';

/**
 * The address without click ids. Each goes to `take`, the fragment's last. `name` is the query parameter's: letters,
 * digits, `_` and `-`.
 */
export function withoutClicks(href: string, name: string, take: (id: string) => void): string {
  const ours = new RegExp(`([?&]${name}=|[#&]/?ct_)(${ID})(&|(?=#)|$)`, 'g');
  return href.replace(ours, (_, mark: string, id: string, next: string) => {
    take(id);
    return next && (mark[0] as string);
  });
}
