import { defined, oneOf } from '#/lib/search';

export const SETTINGS_TABS = ['workspace', 'domains', 'campaigns', 'keys', 'edges'] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

export interface SettingsSearch {
  tab?: SettingsTab;
}

export function settingsSearch(search: Record<string, unknown>): SettingsSearch {
  return defined({ tab: oneOf(search.tab, SETTINGS_TABS) }) as SettingsSearch;
}
