// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutClicks } from '../src/address.ts';
import { newId } from '../src/ids.ts';

const A = newId();
const B = newId();
const SITE = 'https://shop.example/p';

function taken(href: string, name = 'ct'): { href: string; ids: string[] } {
  const ids: string[] = [];
  return { href: withoutClicks(href, name, (id) => ids.push(id)), ids };
}

const cases: [what: string, before: string, after: string, name?: string][] = [
  ['the fragment alone', `#ct_${A}`, ''],
  ['the fragment behind a query', `?a=1#ct_${A}`, '?a=1'],
  ['a fragment with another part behind', `#ct_${A}&x=1`, '#x=1'],
  ['a fragment with another part before', `#section&ct_${A}`, '#section'],
  ['a fragment between two parts', `#a&ct_${A}&b`, '#a&b'],
  ['a fragment that a hash router took for a route', `#/ct_${A}`, ''],
  ['the query alone', `?ct=${A}`, ''],
  ['the first parameter', `?ct=${A}&a=1`, '?a=1'],
  ['the last parameter', `?a=1&ct=${A}`, '?a=1'],
  ['a parameter between two', `?a=1&ct=${A}&b=2`, '?a=1&b=2'],
  ['a parameter before a fragment', `?ct=${A}#top`, '#top'],
  ['a parameter and others before a fragment', `?x&ct=${A}#/route`, '?x#/route'],
  ['a parameter of another name', `?q=1&click-id=${A}`, '?q=1', 'click-id'],
];

for (const [what, before, after, name] of cases) {
  test(`takes ${what}`, () => assert.deepEqual(taken(SITE + before, name), { href: SITE + after, ids: [A] }));
}

test('the rest of the query keeps its exact spelling', () => {
  const odd = '?b=%7e&&a=+x%20y&=&c&ü=ö&gclid=Cj0K';
  assert.deepEqual(taken(`${SITE}${odd}&ct=${A}`), { href: SITE + odd, ids: [A] });
});

test('the fragment comes after the query, as the newer one', () => {
  assert.deepEqual(taken(`${SITE}?ct=${A}#ct_${B}`), { href: SITE, ids: [A, B] });
});

const foreign: [what: string, rest: string, name?: string][] = [
  ['a parameter that ends like ours', `?product=${A}`],
  ['a value that is no id', '?ct=ABCDEFGHIJKLMNOPQRSTUV'],
  ['a value that is longer', `?ct=${A}A`],
  ['a fragment that is longer', `#ct_${A}-more`],
  ['a fragment in which ours is only a part of a word', `#section-ct_${A}`],
  ['the usual name where another is set', `?ct=${A}`, 'other'],
  ['nothing', ''],
];

for (const [what, rest, name] of foreign) {
  test(`leaves ${what}`, () => assert.deepEqual(taken(SITE + rest, name), { href: SITE + rest, ids: [] }));
}
