import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/shared/setting-types.ts';
import { findBrowser, findFirefox, installBrowser, installFirefox } from './browser.ts';
import { installServers, runJest } from './jest.ts';

// `npm test`: installs what the tests need, runs `npm run check`, then all tests. Arguments go to Jest: `npm test -- tests/api`.

const say = (line: string) => console.log(`[test] ${line}`);

installServers(say);
if (!findBrowser()) installBrowser(say);
if (!findFirefox()) installFirefox(say);
const { status } = spawnSync('npm', ['run', '--silent', 'check'], { cwd: projectRoot, stdio: 'inherit' });
process.exit(status === 0 ? runJest(process.argv.slice(2)) : (status ?? 1));
