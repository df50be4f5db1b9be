/**
 * Prints what a first visit loads before anything shows: the entry script with all that it imports at once, gzipped.
 * Fails above the budget.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 200;
const dist = new URL('../dist/', import.meta.url);

const page = readFileSync(new URL('index.html', dist), 'utf8');
const scripts = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] ?? '');
const sizes = scripts.map((name) => ({ name, kb: gzipSync(readFileSync(new URL(name, dist))).length / 1000 }));

const total = sizes.reduce((sum, { kb }) => sum + kb, 0);
for (const { name, kb } of sizes) console.log(`${kb.toFixed(1).padStart(7)} kB  ${name}`);
console.log(`${total.toFixed(1).padStart(7)} kB  initial JavaScript, gzipped (budget ${BUDGET_KB} kB)`);
if (scripts.length === 0) throw new Error('dist/index.html names no script: build first');
if (total > BUDGET_KB) process.exitCode = 1;
