import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { newBatch, storeNothing, testQueueClient } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { bytesRead } from '../support/proc.ts';
import { startRedis } from '../support/redis.ts';
import { ownService } from '../support/service.ts';

// What work costs, counted: unlike times, these figures are the same on every machine.

/** What an image may cost Redis. */
const [MOST_COMMANDS, MOST_SCRIPTS] = [65, 3.3];

/** Looks at what a Redis has done so far. */
function meter(url: string) {
  const redis = new Redis(url);
  onCleanup(() => redis.disconnect());
  return async () => {
    const commands = [...(await redis.info('commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)]
      .filter(([, name]) => name !== 'info')
      .map(([, name = '', calls]) => [name, Number(calls)] as const);
    const reads = Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
    return {
      reads,
      scripts: Object.fromEntries(commands).evalsha ?? 0,
      commands: commands.reduce((sum, [, calls]) => sum + calls, 0),
    };
  };
}

test('reading a batch takes two round trips, and as many commands behind a backlog as without one', async () => {
  const redis = await startRedis();
  const [queue, look] = [await testQueueClient(redis), meter(redis.url)];
  const names = Array.from({ length: 10 }, (_, index) => `${index}.jpg`);
  const costs: { reads: number; commands: number }[] = [];
  for (const backlog of [0, 100]) {
    for (let batch = 0; batch < backlog; batch += 1) await queue.addBatch(newBatch(uuid(), ...names), storeNothing);
    const batchId = uuid();
    await queue.addBatch(newBatch(batchId, ...names), storeNothing);
    // What is sent after a batch was added, and not waited for, has been sent by then.
    await queue.ping();
    const before = await look();
    expect((await queue.readBatch(batchId))?.value?.progress.waiting).toBe(10);
    const after = await look();
    // The second look itself takes two reads.
    costs.push({ reads: after.reads - before.reads - 2, commands: after.commands - before.commands });
  }
  // The batch and whether it was removed; then each file and whether it is held.
  expect(costs).toEqual([
    { reads: 2, commands: 2 + 2 * names.length },
    { reads: 2, commands: 2 + 2 * names.length },
  ]);
});

test('an image costs Redis fewer than 65 commands and about three scripts, and an upload is read once', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '1' });
  const [api, look] = [await service.startApi(), meter(service.redis.url)];
  await service.startWorker();
  // Behind its end a JPEG may have anything: many bytes, and nothing to do.
  const padded = Buffer.concat([await jpeg(64, 64), randomBytes(1_000_000)]);
  const files = Array<File>(10).fill(['a.jpg', padded]);
  // Asked of Redis and not of the API, whose answers cost commands too.
  const redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  let looks = 0;
  const ended = async (count: number) => {
    for (; (await redis.zcard('{images}:batches:completed')) < count; looks += 1) await delay(20);
  };
  await batchEnd(api.url, await upload(api.url, ...files));
  await ended(1);

  const [batches, images] = [3, 3 * files.length];
  let [commands, scripts, done] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1];
  // The best of three rounds: on a busy machine a job can take long enough to report progress, or to have its lock renewed.
  for (let round = 0; round < 3 && (commands >= MOST_COMMANDS || scripts >= MOST_SCRIPTS); round += 1) {
    looks = 0;
    const [before, bytes] = [await look(), bytesRead(api.child.pid)];
    for (let batch = 0; batch < batches; batch += 1) await upload(api.url, ...files);
    expect(bytesRead(api.child.pid) - bytes).toBeLessThan(1.05 * images * padded.length);

    done += batches;
    await ended(done);
    const after = await look();
    commands = Math.min(commands, (after.commands - before.commands - looks) / images);
    scripts = Math.min(scripts, (after.scripts - before.scripts) / images);
  }
  expect(commands).toBeLessThan(MOST_COMMANDS);
  expect(scripts).toBeLessThan(MOST_SCRIPTS);
});
