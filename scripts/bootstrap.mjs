// Runs a script of this folder on a machine where nothing is installed yet: plain JavaScript, and only what Node has.
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
  console.error(`This needs Node.js ${needed}; this is ${process.versions.node}. Install a current one and try again.`);
  process.exit(1);
}

/** npm writes its own record last: it is as new as the lock file exactly when what the lock file says is installed. */
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
  console.log(`Installing dependencies${existsSync(join(root, 'node_modules')) ? ', which are out of date' : ''} …`);
  // Not `ci`: it would empty the folder under a service that runs, and it refuses a lock file that was made where the
  // binaries for this platform could not be seen. What the lock file names is taken as it says; the file is not changed.
  const command = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', command, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error('The dependencies could not be installed: see what npm says above. Is the network reachable?');
  process.exit(1);
}
