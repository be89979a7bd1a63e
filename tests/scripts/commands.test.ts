import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { copyOfProject } from '../support/checkout.ts';
import { batchEnd, upload } from '../support/client.ts';
import { descendants, isAlive } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import { freePort } from '../support/ports.ts';
import { npmRun, npmRunInTerminal, signalGroup, type TestProcess, until } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';

const small = jpeg(64, 64);
let folder: string;
let redisUrl: string;

// All tests share one copy and its build.
beforeAll(async () => {
  folder = await copyOfProject();
  redisUrl = (await startRedis()).url;
  const build = npmRun('build', folder, {});
  await ended(build);
  expect([build.child.exitCode, build.output()]).toEqual([0, expect.any(String)]);
});

/** Settings of a service with its own queue and port. */
async function settings() {
  const port = await freePort();
  const own = { REDIS_URL: redisUrl, PORT: String(port), QUEUE_PREFIX: `{port-${port}}` };
  return { ...own, url: `http://127.0.0.1:${port}` };
}

const isUp = (url: string) =>
  until(() =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );

async function processesOneImage(url: string) {
  const batchId = await upload(url, ['a.jpg', await small]);
  expect((await batchEnd(url, batchId)).status).toBe('completed');
}

const ended = ({ child }: TestProcess) => until(() => child.exitCode !== null || child.signalCode !== null);

/** Ends a command and waits until all of its processes have ended. */
async function stop(running: TestProcess, send: () => void) {
  const pids = descendants(running.child.pid);
  send();
  await ended(running);
  await until(() => !pids.some((pid) => descendants(process.pid).includes(pid) || isAlive(pid)));
}

/** Sends a signal as a process manager does: to npm alone. */
const signalNpm = (running: TestProcess, signal: NodeJS.Signals) => stop(running, () => running.child.kill(signal));

describe('npm run up', () => {
  test('starts everything, restarts what dies, writes JSON lines, and stops everything on a signal to npm', async () => {
    const { url, ...env } = await settings();
    const up = npmRun('up', folder, env);
    await until(() => up.output().includes('stop:'));
    expect(up.output()).toContain(`Redis: the one you named, ${redisUrl}`);
    const service = url.replace('127.0.0.1', 'localhost');
    expect(up.output()).toContain(`ready: ${service}`);
    expect(up.output()).toContain(`docs:  ${service}/docs`);
    expect(up.output()).toMatch(/try: {3}curl -F images=@\S+ \S+\/process-images/);
    await processesOneImage(url);

    const [worker] = [...up.output().matchAll(/"pid":(\d+),"concurrency"/g)].map(([, pid]) => Number(pid));
    process.kill(worker ?? Number.NaN, 'SIGKILL');
    await until(() => up.output().includes('the worker is ready again'));
    expect(up.output()).toContain('the worker ended (signal SIGKILL); it restarts in 1 s');
    await processesOneImage(url);

    await signalNpm(up, 'SIGTERM');
    const lines = up
      .output()
      .split('\n')
      .filter((line) => line && !/^(>|\[up\]) /.test(line));
    const services = lines.map((line) => JSON.parse(line).name);
    expect(new Set(services)).toEqual(new Set(['api', 'worker']));
    expect(up.output()).toMatch(/\[up\] stopped\n$/);
  });

  test('writes short lines for people in a terminal, and Ctrl-C stops everything', async () => {
    const { url, ...env } = await settings();
    const up = npmRunInTerminal('up', folder, { ...env, LOG_LEVEL: 'debug' });
    await until(() => up.output().includes('stop:'));
    await fetch(`${url}/healthz`);
    // The terminal shows what is typed, such as ^C, wherever the output is at that moment.
    await until(() => /GET \/healthz 200[^\n]*\n/.test(stripVTControlCharacters(up.output())));
    await stop(up, () => up.child.stdin?.write('\x03'));

    expect(up.output()).toContain('\x1b[36m');
    const text = stripVTControlCharacters(up.output()).replaceAll('\r', '');
    expect(text).not.toMatch(/^\{/m);
    for (const line of [
      '    up: ready: http',
      '   api: api listens url=http',
      '   api: GET /healthz 200',
      'worker: the worker is ready concurrency=',
      'worker: stopped\n',
      '   api: stopped\n',
      '    up: stopped\n',
    ]) {
      expect(text).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${line}`, 'm'));
    }
  });

  test('names the cause of a failed start and leaves no process', async () => {
    const { url: _, ...env } = await settings();
    const failures = {
      wrongSetting: npmRun('up', folder, { ...env, MAX_FILES: 'many' }),
      noRedis: npmRun('up', folder, { ...env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` }),
      takenPort: npmRunInTerminal('up', folder, { ...env, PORT: new URL(redisUrl).port, NO_COLOR: '1' }),
    };
    for (const failure of Object.values(failures)) {
      await ended(failure);
      expect(failure.child.exitCode).toBe(1);
    }
    expect(failures.wrongSetting.output()).toContain('MAX_FILES must be a whole number from 1 to 1000, not "many"');
    expect(failures.wrongSetting.output()).not.toContain('    at ');
    expect(failures.noRedis.output()).toContain('does not answer');
    expect(failures.takenPort.output()).toMatch(/^\S+ {4}api: The API cannot listen on/m);
    expect(failures.takenPort.output()).toMatch(/^\S+ {5}up: error: The api ended before it was ready/m);
    expect(failures.takenPort.output()).not.toContain('\x1b[36m');
  });
});

test.each([
  ['dev', 'worker'],
  ['start', 'worker:prod'],
])('npm run %s and npm run %s process images', async (api, worker) => {
  const { url, ...env } = await settings();
  const running = [npmRun(api, folder, env), npmRun(worker, folder, env)];
  await isUp(url);
  await processesOneImage(url);
  if (api === 'dev') {
    const starts = () => running[0]?.output().match(/api listens/g)?.length;
    expect(starts()).toBe(1);
    await appendFile(join(folder, 'src/api/app.ts'), '\n// changed\n');
    await until(() => starts() === 2);
    await isUp(url);
  }
  const end = (process: TestProcess) =>
    api === 'dev' ? stop(process, () => signalGroup(process.child, 'SIGINT')) : signalNpm(process, 'SIGTERM');
  await Promise.all(running.map(end));
});
