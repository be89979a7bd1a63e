import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/shared/setting-types.ts';
import { findRedisServer, installRedisServer } from './redis-server.ts';

/** Installs the Redis that the tests start, where there is none. Ends the process when that cannot be done. */
export function needRedis(say: (line: string) => void): void {
  if (findRedisServer()) return;
  try {
    installRedisServer(say);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

/**
 * Runs Jest, which needs Node's modules for virtual machines for ES modules.
 *
 * @returns its exit code
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
