import { describe, expect, test } from 'vitest';
import { nameFromTitle } from './events/definitionForm';
import { eventCall, serverCall } from './events/snippets';
import { destinationError } from './links/destination';
import { overviewSearch, periodOf } from './overview/search';
import { sorted } from './overview/sorting';
import { signInSearch, tokenOf } from './sign-in/search';

describe('what an address says is kept only where it means something', () => {
  test('a period of one’s own stands instead of the last days', () => {
    const search = overviewSearch({ days: 7, from: '2026-01-01', to: '2026-01-31' });
    expect(search).toEqual({ from: '2026-01-01', to: '2026-01-31' });
    expect(periodOf(search, 'UTC')).toEqual({ from: '2026-01-01', to: '2026-01-31', days: null });
  });
  test('a period that runs backwards is left out', () => {
    expect(overviewSearch({ from: '2026-02-01', to: '2026-01-01', days: 14 })).toEqual({ days: 14 });
  });
  test('models and days that do not exist are left out', () => {
    expect(overviewSearch({ model: 'magic', days: 13, by: 'planet' })).toEqual({});
  });
});

describe('signing in leads back into the dashboard and nowhere else', () => {
  test.each(['/links?q=a', '/'])('%s is a way back', (path) =>
    expect(signInSearch({ return: path }).return).toBe(path),
  );
  test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/sign-in'])('%s is none', (path) =>
    expect(signInSearch({ return: path }).return).toBeUndefined(),
  );
  test('a token is found in a pasted link, or is the pasted text', () => {
    expect(tokenOf(' https://clicks.example.com/sign-in?token=abc_-1 ')).toBe('abc_-1');
    expect(tokenOf('abc_-1')).toBe('abc_-1');
  });
});

test('equal rows are ordered by name, and numbers in names by value', () => {
  const figures = { clicks: 1, conversions: 0, value: 0, net_value: 0, spend: null, archived: false };
  const rows = ['link 10', 'link 9', 'Äpfel'].map((label) => ({ key: label, label, ...figures }));
  const labels = sorted(rows, { key: 'clicks', isDescending: true }).map((row) => row.label);
  expect(labels).toEqual(['Äpfel', 'link 9', 'link 10']);
});

describe('a name for code is made from a title', () => {
  test.each([
    ['Demo booked', 'demo_booked'],
    ['Café réservé!', 'cafe_reserve'],
    ['2nd visit', 'nd_visit'],
    ['予約', ''],
  ])('%s becomes %s', (title, name) => expect(nameFromTitle(title)).toBe(name));
});

describe('the code of an event can be pasted as it is', () => {
  const purchase = { name: 'purchase', default_amount: null, default_currency: null };
  test('a purchase names its order, its value as text and the currency of the workspace', () => {
    expect(eventCall(purchase, 'EUR')).toBe(
      "clicktrail('event', 'purchase', {value: '49.90', currency: 'EUR', order: 'A-1001'})",
    );
    expect(eventCall(purchase, 'JPY')).toContain("value: '4990'");
  });
  test('an event that has a value of its own needs none', () => {
    expect(eventCall({ name: 'lead', default_amount: 2500, default_currency: 'EUR' }, 'EUR')).toBe(
      "clicktrail('event', 'lead')",
    );
  });
  test('the body of the server call is JSON', () => {
    const body = /-d '(.*)'$/s.exec(serverCall(purchase, 'EUR', 'https://c.example'))?.[1] ?? '';
    expect(JSON.parse(body)).toMatchObject({ event: 'purchase', order_id: 'A-1001', value: '49.90', currency: 'EUR' });
  });
});

describe('a destination is a web address', () => {
  test.each(['https://example.com', 'http://bücher.example/größe?x=1#y', ' https://example.com '])(
    '%s is one',
    (text) => expect(destinationError(text)).toBeNull(),
  );
  test.each(['', 'example.com', 'javascript:alert(1)', 'https://'])('“%s” is none', (text) =>
    expect(destinationError(text)).not.toBeNull(),
  );
});
