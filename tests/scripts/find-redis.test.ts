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

let messages: string[] = [];
let folder: string;
const say = (line: string) => messages.push(line);
beforeEach(async () => {
  folder = await temporaryFolder();
  messages = [];
});

test('uses the server that the settings name first', async () => {
  const redis = await startRedis();
  expect(await findRedis(redisConfig({ REDIS_URL: redis.url }), folder, say)).toEqual({ url: undefined });
  expect(
    await findRedis(redisConfig({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) }), folder, say),
  ).toEqual({
    url: undefined,
  });
  expect(messages).toEqual([
    `the one you named, redis://127.0.0.1:${redis.port}`,
    `the one you named, 127.0.0.1:${redis.port}`,
  ]);
});

test('fails if the named server is unreachable, without showing its password', async () => {
  const url = `redis://user:hunter2@127.0.0.1:${await freePort()}`;
  const finding = findRedis(redisConfig({ REDIS_URL: url }), folder, say);
  await expect(finding).rejects.toThrow(/that you named, redis:\/\/127.0.0.1:\d+, does not answer: .*ECONNREFUSED/);
  await expect(finding).rejects.not.toThrow('hunter2');
});

test('then uses a server that runs on the default port of this machine', async () => {
  const redis = await startRedis();
  expect(await findRedis(redisConfig(), folder, say, redis.port)).toEqual({ url: `redis://localhost:${redis.port}` });
  expect(messages).toEqual([`the one that runs on localhost:${redis.port}`]);
});

test('then uses a server that an earlier start has left running, since two servers on the same data would destroy it', async () => {
  const redis = await startRedis();
  await writeFile(join(folder, 'port'), String(redis.port));
  const found = await findRedis(redisConfig(), folder, say, await freePort());
  expect(found).toEqual({ url: `redis://localhost:${redis.port}` });
  expect(messages).toEqual([`the one that an earlier start has left running, on port ${redis.port}`]);
});

test('then starts a redis-server from PATH on the default port', async () => {
  const port = await freePort();
  const program = findRedisServer();
  expect(await findRedis(redisConfig(), folder, say, port)).toEqual({ program, port });
  expect(messages).toEqual([`${program}, started on port ${port}, data in .redis/`]);
});

test('starts it on another port if a Redis with a password, or another program, uses the default port', async () => {
  const withPassword = await startRedis();
  const admin = new Redis(withPassword.url);
  await admin.config('SET', 'requirepass', 'secret');
  admin.disconnect();
  const otherProgram = createServer((socket) => socket.on('error', () => {}).end('hello\r\n'));
  const port = await freePort();
  await new Promise<void>((resolve) => otherProgram.listen(port, 'localhost', resolve));
  onCleanup(() => otherProgram.close());
  for (const taken of [withPassword.port, port]) {
    messages = [];
    const found = await findRedis(redisConfig(), folder, say, taken);
    expect(found).toEqual({ program: findRedisServer(), port: expect.any(Number) });
    expect(found).not.toMatchObject({ port: taken });
    expect(messages[0]).toMatch(`the server on localhost:${taken} cannot be used`);
  }
});
