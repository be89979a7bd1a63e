import { spawnSync } from 'node:child_process';
import { projectRoot } from '../../src/shared/setting-types.ts';

/**
 * Builds the service once before all tests, Jest's `globalSetup`: what they start is what `npm start` starts, and takes
 * half the time to be ready that TypeScript loaded as it is would.
 *
 * @throws Error with what the compiler says
 */
export default function build(): void {
  const { status, stdout } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: projectRoot, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The service cannot be built:\n${stdout}`);
}
