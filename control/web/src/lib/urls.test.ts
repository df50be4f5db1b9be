import { expect, test } from 'vitest';
import { readableUrl, shortName } from './urls';

test('an address is shown in its own script', () => {
  expect(readableUrl('https://example.com/gr%C3%B6%C3%9Fe?q=%E6%9D%B1%E4%BA%AC')).toBe(
    'https://example.com/größe?q=東京',
  );
  expect(shortName('https://go.example.com/k%C3%A4se')).toBe('go.example.com/käse');
});

test('what would change the meaning of an address stays encoded', () => {
  expect(readableUrl('https://example.com/a%2Fb?c=%26%3D%23')).toBe('https://example.com/a%2Fb?c=%26%3D%23');
  expect(readableUrl('https://example.com/100%')).toBe('https://example.com/100%');
});

test('an address can’t hide what it is behind spaces or reversed text', () => {
  for (const url of ['https://example.com/a%20b', 'https://example.com/%E2%80%AEgpj.exe', 'https://example.com/%0A']) {
    expect(readableUrl(url)).toBe(url);
  }
});
