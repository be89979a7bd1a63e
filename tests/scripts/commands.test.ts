import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOfProject } from '../support/checkout.ts';
import { batchEnd, upload } from '../support/client.ts';
import { descendants, isAlive } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import { freePort } from '../support/ports.ts';
import { npmRun, signalGroup, type TestProcess, until } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';

const small = jpeg(64, 64);

async function settings() {
  const [redis, port] = [await startRedis(), await freePort()];
  return { REDIS_URL: redis.url, PORT: String(port), url: `http://127.0.0.1:${port}` };
}

const isUp = (url: string) =>
  until(() =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );

/** Ends a command by a signal and waits until nothing of it is left. */
async function stop({ child }: TestProcess, send: () => void) {
  const pids = descendants(child.pid);
  send();
  await until(() => child.exitCode !== null || child.signalCode !== null);
  await until(() => !pids.some((pid) => descendants(process.pid).includes(pid) || isAlive(pid)));
}

/** Ctrl-C in a terminal, which signals the whole process group. */
const interrupt = (running: TestProcess) => stop(running, () => signalGroup(running.child, 'SIGINT'));

/** A process manager, which signals npm alone. */
const signalNpm = (running: TestProcess, signal: NodeJS.Signals) => stop(running, () => running.child.kill(signal));

describe('npm run up', () => {
  test('starts everything, says where it is, brings back what dies, and Ctrl-C ends all of it', async () => {
    const { url, ...env } = await settings();
    const folder = await copyOfProject();
    const up = npmRun('up', folder, env);
    await until(() => up.output().includes('stop:'));
    expect(up.output()).toContain(`Redis: the one you named, ${env.REDIS_URL}`);
    const service = url.replace('127.0.0.1', 'localhost');
    expect(up.output()).toContain(`ready: ${service}`);
    expect(up.output()).toContain(`docs:  ${service}/docs`);
    expect(up.output()).toMatch(/try: {3}curl -F images=@\S+ \S+\/process-images/);
    expect((await batchEnd(url, await upload(url, ['a.jpg', await small]))).status).toBe('completed');

    const [worker] = [...up.output().matchAll(/"pid":(\d+),"concurrency"/g)].map(([, pid]) => Number(pid));
    process.kill(worker ?? Number.NaN, 'SIGKILL');
    await until(() => up.output().includes('the worker is back'));
    expect(up.output()).toContain('the worker ended (signal SIGKILL); it is started again in 1 s');
    expect((await batchEnd(url, await upload(url, ['a.jpg', await small]))).status).toBe('completed');

    await interrupt(up);
    expect(up.output()).toContain('[up] stopped');
  });

  test('stops everything when a signal reaches npm alone', async () => {
    const { url: _, ...env } = await settings();
    const up = npmRun('up', await copyOfProject(), env);
    await until(() => up.output().includes('stop:'));
    await signalNpm(up, 'SIGINT');
    expect(up.output()).toContain('[up] stopped');
  });

  test('with a Redis that was named and is not there, or a taken port, says what to do and leaves nothing', async () => {
    const { url: _, ...env } = await settings();
    const folder = await copyOfProject();
    const noRedis = npmRun('up', folder, { ...env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    await until(() => noRedis.child.exitCode !== null);
    expect(noRedis.child.exitCode).toBe(1);
    expect(noRedis.output()).toContain('does not answer');

    const taken = npmRun('up', folder, { ...env, PORT: new URL(env.REDIS_URL).port });
    await until(() => taken.child.exitCode !== null);
    expect(taken.child.exitCode).toBe(1);
    expect(taken.output()).toContain('cannot listen on');
  });

  test('with a wrong setting names it and does not start', async () => {
    const { url: _, ...env } = await settings();
    const up = npmRun('up', await copyOfProject(), { ...env, MAX_FILES: 'many' });
    await until(() => up.child.exitCode !== null);
    expect(up.output()).toContain('MAX_FILES must be a whole number from 1 to 100, not "many"');
    expect(up.output()).not.toContain('    at ');
  });
});

test('the four scripts, each in a terminal of its own', async () => {
  const { url, ...env } = await settings();
  const folder = await copyOfProject();
  const build = npmRun('build', folder, env);
  await until(() => build.child.exitCode !== null);
  expect([build.child.exitCode, build.output()]).toEqual([0, expect.any(String)]);

  for (const [api, worker] of [
    ['dev', 'worker'],
    ['start', 'worker:prod'],
  ] as const) {
    const running = [npmRun(api, folder, env), npmRun(worker, folder, env)];
    await isUp(url);
    expect((await batchEnd(url, await upload(url, ['a.jpg', await small]))).status).toBe('completed');
    if (api === 'dev') {
      const starts = () => running[0]?.output().match(/api listens/g)?.length;
      expect(starts()).toBe(1);
      await appendFile(join(folder, 'src/api/app.ts'), '\n// changed\n');
      await until(() => starts() === 2);
      await isUp(url);
    }
    for (const process of running) await (api === 'dev' ? interrupt(process) : signalNpm(process, 'SIGTERM'));
  }
});
