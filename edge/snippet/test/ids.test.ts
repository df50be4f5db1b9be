// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isId, newId } from '../src/ids.ts';

const bytesOf = (id: string): Buffer => Buffer.from(id, 'base64url');

test('a new id is a UUIDv7 of this moment', () => {
  const before = Date.now();
  const id = newId();
  const raw = bytesOf(id);
  assert.equal(id.length, 22);
  assert.equal(raw.length, 16);
  assert.equal((raw[6] as number) >> 4, 7);
  assert.equal((raw[8] as number) >> 6, 2);
  const time = raw.readUIntBE(0, 6);
  assert.ok(before <= time && time <= Date.now(), `made at ${time}, called at ${before}`);
});

test('every new id is one, and no two are the same', () => {
  const ids = Array.from({ length: 5000 }, newId);
  assert.ok(ids.every(isId));
  assert.equal(new Set(ids).size, ids.length);
});

test('every version 7, variant 2 text of 16 bytes is an id, and no other', () => {
  for (let high = 0; high < 256; high++) {
    const raw = bytesOf(newId());
    raw[6] = high;
    assert.equal(isId(raw.toString('base64url')), high >> 4 === 7, `byte 6 is ${high}`);
  }
  for (let high = 0; high < 256; high++) {
    const raw = bytesOf(newId());
    raw[8] = high;
    assert.equal(isId(raw.toString('base64url')), high >> 6 === 2, `byte 8 is ${high}`);
  }
});

test('a second spelling of the same bytes is no id', () => {
  const id = newId();
  const [last, spellings] = [id[21] as string, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
  for (const other of spellings)
    assert.equal(isId(id.slice(0, 21) + other), 'AQgw'.includes(other), `${last} → ${other}`);
});

test('a shorter or longer text is no id', () => {
  const id = newId();
  for (const text of ['', id.slice(1), `${id}A`, ` ${id}`, `${id}\n`])
    assert.equal(isId(text), false, JSON.stringify(text));
});
