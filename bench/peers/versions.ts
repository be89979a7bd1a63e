import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findRedisServer } from '../../scripts/redis-server.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';

/** Returns the names and versions of installed npm packages. */
export function packageVersions(names: readonly string[], folder = projectRoot): string {
  const versions = names.map((name) => {
    const file = join(folder, 'node_modules', name, 'package.json');
    return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
  });
  return versions.join(', ');
}

/** Returns the first version number that a program prints. */
export function programVersion(program: string, flag = '--version'): string {
  return /\d+\.\d+[\d.-]*/.exec(execFileSync(program, [flag], { encoding: 'utf8' }))?.[0] ?? 'unknown';
}

export const redisVersion = (): string => `Redis ${programVersion(findRedisServer() ?? 'redis-server')}`;
