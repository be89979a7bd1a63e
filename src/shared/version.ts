import { createRequire } from 'node:module';

/** The version of the service. The path of package.json is the same from `src/shared` and from `dist/shared`. */
export const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
