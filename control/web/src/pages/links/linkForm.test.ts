import { describe, expect, test } from 'vitest';
import { fieldOf, initialValues, linkEditOf, newLinkOf, sectionsWith } from './linkForm';
import { audienceOf, newRule, newSplit, rulesWord, shares } from './rulesForm';

const LINK = {
  id: 'lnk_1',
  short_url: 'https://go.example.com/x',
  destination: 'https://example.com/',
  domain_id: 'dom_1',
  domain: { id: 'dom_1', host: 'go.example.com' },
  slug: 'x',
  title: 'Spring',
  campaign_id: null,
  campaign: null,
  channel: 'email',
  status: 302,
  carry: 'auto',
  carry_resolved: 'fragment',
  query_name: 'ct',
  forward_query: true,
  referrer_policy: '',
  rules: [
    {
      countries: ['DE'],
      devices: [],
      systems: [],
      languages: [],
      from: '2026-11-27T08:00:00Z',
      until: null,
      arms: [
        { arm: 4, destination: 'https://example.com/a', weight: 1 },
        { arm: 2, destination: 'https://example.com/b', weight: 3 },
      ],
    },
  ],
  expires_at: '2026-12-01T11:00:00.250Z',
  click_limit: 500,
  exhausted: false,
  closed_url: '',
  has_password: true,
  honeypot: false,
  preview: null,
  warnings: [],
  clicks: 3,
  created_at: '2026-11-01T00:00:00Z',
  updated_at: '2026-11-01T00:00:00Z',
  archived_at: null,
} satisfies Parameters<typeof initialValues>[0];
const ZONE = 'Europe/Berlin';

describe('an edit sends what was changed', () => {
  const before = initialValues(LINK, ZONE);
  test('and nothing when nothing was', () => {
    expect(linkEditOf(before, before, ZONE)).toEqual({});
  });
  test('with the numbers of the arms that stay', () => {
    const [rule] = before.rules;
    if (!rule) throw new Error('the link has a rule');
    const rules = [{ ...rule, arms: rule.arms.map((arm) => ({ ...arm, weight: '2' })) }];
    expect(linkEditOf({ ...before, rules, title: ' Summer ' }, before, ZONE)).toEqual({
      title: 'Summer',
      rules: [
        {
          countries: ['DE'],
          devices: [],
          systems: [],
          languages: [],
          from: '2026-11-27T08:00:00.000Z',
          until: null,
          arms: [
            { arm: 4, destination: 'https://example.com/a', weight: 2 },
            { arm: 2, destination: 'https://example.com/b', weight: 2 },
          ],
        },
      ],
    });
  });
  test('times in the workspace’s zone, limits as numbers, and null for what is emptied', () => {
    const values = { ...before, expires_at: '2026-12-24T18:00', click_limit: '', password: '' };
    expect(linkEditOf(values, before, ZONE)).toEqual({
      expires_at: '2026-12-24T17:00:00.000Z',
      click_limit: null,
      password: '',
    });
  });
});

test('a new link says what it is to have, an untouched preview being none', () => {
  const values = { ...initialValues(null, ZONE), destination: ' https://example.com/ ', channel: 'E-Mail' };
  const link = newLinkOf({ ...values, rules: [newSplit('https://example.com/')] }, ZONE);
  expect(link).toMatchObject({ destination: 'https://example.com/', channel: 'e-mail', preview: null, password: '' });
  expect(link.rules?.[0]?.arms.map(({ arm, weight }) => [arm, weight])).toEqual([
    [null, 50],
    [null, 50],
  ]);
  expect(link).not.toHaveProperty('slug');
});

test.each([
  ['destination', 'destination'],
  ['preview.image', 'preview.image'],
  ['rules[2].arms[0].destination', 'rules.2.arms.0.destination'],
  ['rules[2].arms[0].weight', 'rules.2.arms.0.weight'],
  ['rules[2].arms[0].arm', 'rules.2.arms.0.destination'],
  ['rules[0].countries[1]', 'rules.0.countries'],
  ['rules[0].until', 'rules.0.until'],
  ['rules[0].arms', null],
  ['rules', null],
  ['colour', null],
])('what the server calls %s is %s', (named, field) => {
  expect(fieldOf(named)).toBe(field);
});

test('a wrong field opens its section', () => {
  expect(sectionsWith({ 'rules.0.until': 'x', click_limit: 'x', expires_at: 'x', slug: 'x' })).toEqual([
    'rules',
    'closing',
  ]);
});

describe('rules in words', () => {
  test('shares add up while somebody types', () => {
    expect(shares([{ weight: '1' }, { weight: '3' }])).toEqual([0.25, 0.75]);
    expect(shares([{ weight: '' }, { weight: '3' }])).toEqual([0, 1]);
    expect(shares([{ weight: '' }, { weight: '-' }])).toEqual([0.5, 0.5]);
  });
  test('few countries by name, many by number', () => {
    expect(audienceOf({ ...newRule(), countries: ['DE', 'AT'], devices: ['mobile'] })).toBe('Germany, Austria · Phone');
    expect(audienceOf({ ...newRule(), countries: ['DE', 'AT', 'CH', 'FR'] })).toBe('4 countries');
    expect(audienceOf(newRule())).toBe('Everyone');
  });
  test('a split of everyone is an A/B test', () => {
    expect(rulesWord([])).toBe('');
    expect(rulesWord([newSplit('https://example.com/')])).toBe('A/B');
    expect(rulesWord([{ ...newSplit(''), countries: ['DE'] }])).toBe('1 rule');
    expect(rulesWord([newRule(), newRule()])).toBe('2 rules');
  });
});
