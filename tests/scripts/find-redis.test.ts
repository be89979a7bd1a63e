import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedis } from '../../scripts/find-redis.ts';
import { findRedisServer } from '../../scripts/redis-server.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { environment } from '../support/environment.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';

function redisConfig(settings: Record<string, string> = {}) {
  return loadConfig(environment(settings)).redis;
}

let said: string[] = [];
let folder: string;
const say = (line: string) => said.push(line);
beforeEach(async () => {
  folder = await temporaryFolder();
  said = [];
});

test('the one that was named comes first', async () => {
  const redis = await startRedis();
  expect(await findRedis(redisConfig({ REDIS_URL: redis.url }), folder, say)).toEqual({ url: undefined });
  expect(
    await findRedis(redisConfig({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) }), folder, say),
  ).toEqual({
    url: undefined,
  });
  expect(said).toEqual([
    `the one you named, redis://127.0.0.1:${redis.port}`,
    `the one you named, 127.0.0.1:${redis.port}`,
  ]);
});

test('one that was named and does not answer is an error that says so, without its password', async () => {
  const url = `redis://user:hunter2@127.0.0.1:${await freePort()}`;
  const finding = findRedis(redisConfig({ REDIS_URL: url }), folder, say);
  await expect(finding).rejects.toThrow(/that you named, redis:\/\/127.0.0.1:\d+, does not answer: .*ECONNREFUSED/);
  await expect(finding).rejects.not.toThrow('hunter2');
});

test('then the one that answers on this machine', async () => {
  const redis = await startRedis();
  expect(await findRedis(redisConfig(), folder, say, redis.port)).toEqual({ url: `redis://localhost:${redis.port}` });
  expect(said).toEqual([`the one that answers on localhost:${redis.port}`]);
});

test('then the one of our own that an earlier start has left: two on the same data would destroy it', async () => {
  const redis = await startRedis();
  await writeFile(join(folder, 'port'), String(redis.port));
  const found = await findRedis(redisConfig(), folder, say, await freePort());
  expect(found).toEqual({ url: `redis://localhost:${redis.port}` });
  expect(said).toEqual([`the one that was started for this before, on port ${redis.port}`]);
});

test('then a server on PATH, to be started on that port', async () => {
  const port = await freePort();
  const program = findRedisServer();
  expect(await findRedis(redisConfig(), folder, say, port)).toEqual({ program, port });
  expect(said).toEqual([`${program}, started for this on port ${port}, data in .redis/`]);
});

test('or on another port when something else is there: a Redis with a password, or no Redis at all', async () => {
  const guarded = await startRedis();
  const admin = new Redis(guarded.url);
  await admin.config('SET', 'requirepass', 'secret');
  admin.disconnect();
  const deaf = createServer((socket) => socket.on('error', () => {}).end('hello\r\n'));
  const port = await freePort();
  await new Promise<void>((resolve) => deaf.listen(port, 'localhost', resolve));
  onCleanup(() => deaf.close());
  for (const taken of [guarded.port, port]) {
    said = [];
    const found = await findRedis(redisConfig(), folder, say, taken);
    expect(found).toEqual({ program: findRedisServer(), port: expect.any(Number) });
    expect(found).not.toMatchObject({ port: taken });
    expect(said[0]).toMatch(`something on localhost:${taken} is of no use`);
  }
});
