import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/shared/config.ts';
import { findBrowser, installBrowser } from './browser.ts';
import { findRedisServer, installRedisServer } from './redis-server.ts';

// `npm test`: sets up what the tests need, then runs all of them. Arguments go to Jest, as in `npm test -- tests/api`.

const say = (line: string) => console.log(`[test] ${line}`);

function run(program: string, ...args: string[]): void {
  const { status } = spawnSync(program, args, { cwd: projectRoot, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!findRedisServer()) {
  try {
    installRedisServer(say);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
// Without one the browser's tests say that they were skipped; where `CI` is set they fail.
if (!findBrowser()) installBrowser(say);
run('npm', 'run', '--silent', 'check');
run(
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  ...process.argv.slice(2),
);
