import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const folder = join(import.meta.dirname, '..');
/** A test that imports one of these, directly or indirectly, starts a server, a browser or the built service. */
const servers = ['redis', 'redis-kinds', 's3', 'browser'].map((name) => join(folder, 'support', `${name}.ts`));

/** Paths of all test files, relative to `tests/`. */
export const testFiles = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);

/** Whether a test file needs only Node. */
export function isUnitTest(name) {
  const imports = importsOf(join(folder, name));
  return !servers.some((server) => imports.has(server));
}

/** Returns a file and all files that it imports by a relative path, directly or indirectly. */
function importsOf(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+\.ts)';/g)) {
    importsOf(join(dirname(file), path), found);
  }
  return found;
}
