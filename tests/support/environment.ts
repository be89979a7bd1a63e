import { settingDescriptions } from '../../src/shared/settings.ts';

/**
 * An environment in which only the settings given count: what the person who runs the tests has set, in the environment
 * or in `.env`, does not, since an empty value stands for the default.
 */
export function environment(settings: Record<string, string> = {}): Record<string, string> {
  const defaults = Object.fromEntries(Object.keys(settingDescriptions).map((name) => [name, '']));
  return { ...defaults, ...settings };
}
