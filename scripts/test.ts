import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/shared/setting-types.ts';
import { findBrowser, installBrowser } from './browser.ts';
import { hasBucketServer, installBucketServer } from './bucket-server.ts';
import { findProgram, install } from './install.ts';
import { needRedis, runJest } from './jest.ts';
import { findNginx, installNginx } from './nginx.ts';

// `npm test`: sets up what the tests need, then runs all of them. Arguments go to Jest, as in `npm test -- tests/api`.

const say = (line: string) => console.log(`[test] ${line}`);

needRedis(say);
// Without these the tests that need them say that they were skipped; where `CI` is set they fail.
if (!findBrowser()) installBrowser(say);
if (!hasBucketServer()) installBucketServer(say);
if (!findNginx()) installNginx(say);
if (!findProgram('ip')) install({ what: 'iproute2, for networks of the tests’ own', apt: ['iproute2'] }, say);
const { status } = spawnSync('npm', ['run', '--silent', 'check'], { cwd: projectRoot, stdio: 'inherit' });
process.exit(status === 0 ? runJest(process.argv.slice(2)) : (status ?? 1));
