import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/shared/setting-types.ts';
import { findBrowser, installBrowser } from './browser.ts';
import { installServers, runJest } from './jest.ts';

// `npm test`: sets up what the tests need, then runs all of them. Arguments go to Jest, as in `npm test -- tests/api`.

const say = (line: string) => console.log(`[test] ${line}`);

installServers(say);
if (!findBrowser()) installBrowser(say);
const { status } = spawnSync('npm', ['run', '--silent', 'check'], { cwd: projectRoot, stdio: 'inherit' });
process.exit(status === 0 ? runJest(process.argv.slice(2)) : (status ?? 1));
