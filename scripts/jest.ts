import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/shared/setting-types.ts';
import { findProgram, install } from './install.ts';
import { findNginx, installNginx } from './nginx.ts';
import { findRedisServer, installRedisServer } from './redis-server.ts';
import { hasBucketServer, installBucketServer } from './s3-server.ts';

/**
 * Installs missing servers that the tests start. Ends the process if Redis cannot be installed. Tests that need another missing
 * server are skipped, with the reason in their name. With `CI` set they fail.
 */
export function installServers(say: (line: string) => void): void {
  try {
    if (!findRedisServer()) installRedisServer(say);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
  if (!hasBucketServer()) installBucketServer(say);
  if (!findNginx()) installNginx(say);
  if (!findProgram('ip')) install({ what: 'iproute2 (for tests with several hosts)', apt: ['iproute2'] }, say);
}

/**
 * Runs Jest. It needs Node's VM modules to load ES modules.
 *
 * @returns the exit code
 */
export function runJest(args: readonly string[], environment: Record<string, string> = {}): number {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const { status } = spawnSync(process.execPath, [...flags, 'node_modules/jest/bin/jest.js', ...args], {
    cwd: projectRoot,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return status ?? 1;
}
