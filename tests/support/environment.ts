import { settingDescriptions } from '../../src/shared/settings.ts';

/** For tests of an unavailable Redis: the default, which {@link environment} overrides. */
export const defaultRedisTimeout = { REDIS_TIMEOUT_MS: '' };

/**
 * Returns an environment with the given settings and the defaults of all others. An empty value stands for the default. It
 * overrides what the developer has set in the environment or in `.env`. Redis gets more time: on a busy machine a slow response must
 * not become a 503.
 */
export function environment(settings: Record<string, string> = {}): Record<string, string> {
  const defaults = Object.fromEntries(Object.keys(settingDescriptions).map((name) => [name, '']));
  return { ...defaults, REDIS_TIMEOUT_MS: '10000', ...settings };
}
