// Runs a script of this folder, and installs the dependencies first if they are missing or out of date. It is plain JavaScript
// and uses only Node's own modules, since nothing may be installed yet.
// Usage: node scripts/bootstrap.mjs <script.ts> [arguments]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [script, ...args] = process.argv.slice(2);

checkNode();
if (!isInstalled()) install();

const { register } = await import('tsx/esm/api');
register();
process.argv = [process.argv[0], join(root, 'scripts', script), ...args];
await import(pathToFileURL(process.argv[1]).href);

function checkNode() {
  const { node: needed } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = needed.split('||').some((range) => {
    const [, kind, leastMajor, leastMinor = 0] = /(\^|>=)(\d+)(?:\.(\d+))?/.exec(range);
    return (
      (major === Number(leastMajor) && minor >= Number(leastMinor)) || (kind === '>=' && major > Number(leastMajor))
    );
  });
  if (isEnough) return;
  console.error(
    `Node.js ${needed} is required, but this is ${process.versions.node}. Install a newer version and retry.`,
  );
  process.exit(1);
}

/** Compares times: npm writes its own record last, so a record older than the lock file means an outdated installation. */
function isInstalled() {
  const record = join(root, 'node_modules/.package-lock.json');
  const hasDevelopmentTools = existsSync(join(root, 'node_modules/tsx/package.json'));
  return (
    hasDevelopmentTools &&
    existsSync(record) &&
    statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function install() {
  console.log(`${existsSync(join(root, 'node_modules')) ? 'Updating outdated' : 'Installing'} dependencies …`);
  // Not `npm ci`, for two reasons: it would delete the packages of a running service, and it refuses a lock file that lacks the
  // binaries of this platform. `--no-save` installs the versions of the lock file without changing it.
  const command = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', command, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error('The dependencies could not be installed. See the messages of npm above, and check the network.');
  process.exit(1);
}
