import { defined, textOf } from '#/lib/search';

export interface SignInSearch {
  token?: string;
  /** Where to go afterwards: a path of this dashboard. */
  return?: string;
}

export function signInSearch(search: Record<string, unknown>): SignInSearch {
  return defined({ token: textOf(search.token), return: pathOf(search.return) }) as SignInSearch;
}

/** A path within the dashboard; `//host` and `/\host` would lead to another site. */
function pathOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) && !value.startsWith('/sign-in') ? value : undefined;
}

/** The token in what a person pasted: a whole sign-in link, or the token alone. */
export function tokenOf(pasted: string): string {
  const text = pasted.trim();
  const query = text.includes('?') ? text.slice(text.indexOf('?')) : '';
  return new URLSearchParams(query).get('token') ?? text;
}
