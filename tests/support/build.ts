import { spawnSync } from 'node:child_process';
import { projectRoot } from '../../src/shared/setting-types.ts';

/**
 * Builds the service once before all tests, as Jest's `globalSetup`. The tests start the same files as `npm start`. Compiled
 * files start in half the time of TypeScript sources.
 *
 * @throws Error with the compiler's output
 */
export default function build(): void {
  const { status, stdout } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: projectRoot, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The build failed:\n${stdout}`);
}
