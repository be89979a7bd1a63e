import { settingDescriptions } from '../../src/shared/settings.ts';

/**
 * Returns an environment with the given settings and the defaults of all others. An empty value stands for the default. It
 * overrides what the developer has set in the environment or in `.env`.
 */
export function environment(settings: Record<string, string> = {}): Record<string, string> {
  const defaults = Object.fromEntries(Object.keys(settingDescriptions).map((name) => [name, '']));
  return { ...defaults, ...settings };
}
