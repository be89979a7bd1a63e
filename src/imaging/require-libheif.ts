import { createRequire } from 'node:module';
import { ConfigError } from '../shared/config.ts';
import type { FormatName } from '../shared/setting-types.ts';

/**
 * Checks that the optional package which decodes HEIC is installed, if HEIC is accepted. Does not load it.
 *
 * @throws {ConfigError} if it is missing
 */
export function requireLibheif(accepted: readonly FormatName[]): void {
  if (!accepted.includes('heic')) return;
  try {
    createRequire(import.meta.url).resolve('libheif-js/libheif-wasm/libheif-bundle.mjs');
  } catch {
    throw new ConfigError(
      'ACCEPTED_FORMATS contains heic, which needs the package libheif-js. Install it with `npm install libheif-js`, or remove heic.',
    );
  }
}
