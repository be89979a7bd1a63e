import { Redis } from 'ioredis';
import { countWorkers, endHeartbeats, sendHeartbeat } from '../../src/queue/connected-workers.ts';
import { onCleanup } from '../support/cleanup.ts';
import { startRedis } from '../support/redis.ts';

test('the number of workers is 0 before the first, and unknown after workers without heartbeats', async () => {
  const redis = new Redis((await startRedis()).url);
  onCleanup(() => redis.disconnect());
  const count = () => countWorkers(redis, '{images}');
  expect(await count()).toBe(0);
  await redis.zadd('{images}:sweeps:repeat', 1, 'sweep');
  expect(await count()).toBeUndefined();
  await sendHeartbeat(redis, '{images}', 'one');
  await sendHeartbeat(redis, '{images}', 'other');
  await sendHeartbeat(redis, '{images}', 'one');
  expect(await count()).toBe(2);
  await endHeartbeats(redis, '{images}', 'one');
  expect(await count()).toBe(1);
  // 0, not unknown: there was a worker with heartbeats.
  await endHeartbeats(redis, '{images}', 'other');
  expect(await count()).toBe(0);
  // The set does not grow with the workers that have ever run.
  await sendHeartbeat(redis, '{images}', 'new');
  expect(await redis.zcard('{images}:heartbeats')).toBe(1);
});
