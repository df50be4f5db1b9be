// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { emailHash, eventFields, text } from '../src/fields.ts';
import { isId } from '../src/ids.ts';

const DECIMAL = /^-?\d{1,16}(\.\d{1,4})?$/; // what the edge reads

for (const [number, decimal] of [
  [49.9, '49.9'],
  [0.1 + 0.2, '0.3'],
  [19.99 * 3, '59.97'],
  [1234567890123.45, '1234567890123.45'],
  [-12.5, '-12.5'],
  [0, '0'],
  [1e-7, '0'],
  [12, '12'],
] as [number, string][]) {
  test(`${number} is sent as ${decimal}`, () => {
    assert.equal(text(number), decimal);
    assert.match(decimal, DECIMAL);
  });
}

test('decimal text is sent as it is', () => assert.equal(eventFields({ value: '49.90' }).value, '49.90'));

test('what has no meaning of its own is a property, as text', () => {
  const { props } = eventFields({ order: 'A-1', plan: 'größer', seats: 3, trial: false, none: null, empty: '' });
  assert.deepEqual(JSON.parse(JSON.stringify(props)), { plan: 'größer', seats: '3', trial: 'false' });
});

test('a long property is cut, so that the event still counts', () => {
  const { props } = eventFields({ note: 'x'.repeat(1000) });
  assert.deepEqual(props, { note: 'x'.repeat(256) });
});

test('an event without a key gets a random one', () => {
  const keys = [eventFields({}).key, eventFields({}).key] as string[];
  assert.ok(keys.every(isId));
  assert.notEqual(keys[0], keys[1]);
  assert.equal(eventFields({ key: 'mine' }).key, 'mine');
});

test('nothing of the customer or the e-mail address is among the fields', () => {
  const sent = JSON.stringify(eventFields({ customer: 'K-77', email: 'ada@example.com', value: 1 }));
  assert.ok(!sent.includes('K-77') && !sent.includes('ada'), sent);
});

test('an e-mail address is hashed trimmed and in lower case', async () => {
  const expected = createHash('sha256').update('jürgen@example.com').digest('hex');
  assert.equal(await emailHash('  Jürgen@Example.COM\n'), expected);
});
