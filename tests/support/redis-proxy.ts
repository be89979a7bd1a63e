import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { onCleanup } from './cleanup.ts';
import type { TestRedis } from './redis.ts';

/**
 * Inspects each chunk before the proxy forwards it. `'hold'` drops this chunk and all later ones of the same connection and
 * direction.
 */
export type Inspect = (chunk: Buffer) => 'pass' | 'hold';

/** A proxy in front of Redis. A test can set the two hooks at any time. */
export interface RedisProxy {
  url: string;
  toRedis: Inspect;
  fromRedis: Inspect;
}

/** Starts a proxy in front of a test's Redis. It is stopped after the tests of the file. */
export async function startRedisProxy({ port }: Pick<TestRedis, 'port'>): Promise<RedisProxy> {
  const sockets = new Set<Socket>();
  const proxy: RedisProxy = { url: '', toRedis: () => 'pass', fromRedis: () => 'pass' };
  const server = createServer((client) => {
    const redis = createConnection(port, '127.0.0.1');
    forward(client, redis, (chunk) => proxy.toRedis(chunk));
    forward(redis, client, (chunk) => proxy.fromRedis(chunk));
  });

  function forward(from: Socket, to: Socket, inspect: Inspect): void {
    sockets.add(from);
    let isHeld = false;
    from.on('data', (chunk) => {
      isHeld ||= inspect(chunk) === 'hold';
      if (!isHeld) to.write(chunk);
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onCleanup(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return proxy;
}
