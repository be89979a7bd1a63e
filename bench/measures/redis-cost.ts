import { join } from 'node:path';
import { formBody, untilCompleted, upload } from '../client.ts';
import { photo } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { startService } from '../processes.ts';
import { redisUsage } from '../redis-usage.ts';

const FILES = 10;

export const redisCost: Measure = {
  title: 'Redis operations per image, from the upload to the result, in batches of ten',
  baseline:
    "none. Redis counts the operations (`INFO commandstats`, `INFO stats`), including the commands within BullMQ's scripts.",
  ratio: '—',
  async run({ isQuick, folder, say }) {
    const service = await startService(join(folder, 'redis-cost'));
    await service.startWorker(1);
    const body = formBody(Array<Buffer>(FILES).fill(await photo()));
    const batches = isQuick ? 3 : 20;
    await untilCompleted(service.url, [await upload(service.url, body)]);
    const before = await redisUsage(service.redis);
    const responses: string[] = [];
    for (let batch = 0; batch < batches; batch += 1) responses.push(await upload(service.url, body));
    // Poll Redis instead of the API: these polls are the only additional commands.
    while ((await service.redis.zcard('{images}:batches:completed')) < batches + 1)
      await new Promise((soon) => setTimeout(soon, 50));
    const after = await redisUsage(service.redis);
    await service.stop();
    const images = batches * FILES;
    const each = [...after.calls].map(
      ([name, calls]) => [name, (calls - (before.calls.get(name) ?? 0)) / images] as const,
    );
    const most = each.toSorted(([, one], [, other]) => other - one).filter(([, calls]) => calls >= 1);
    say(most.map(([name, calls]) => `${name} ${calls.toFixed(1)}`).join(', '));
    return [
      {
        what: 'commands, including those within scripts',
        unit: 'an image',
        ours: each.reduce((sum, [, calls]) => sum + calls, 0),
      },
      { what: 'scripts (EVALSHA)', unit: 'an image', ours: each.find(([name]) => name === 'evalsha')?.[1] ?? 0 },
      {
        what: 'socket reads, about equal to round trips',
        unit: 'an image',
        ours: (after.roundTrips - before.roundTrips) / images,
      },
      { what: 'bytes over the network', unit: 'bytes an image', ours: (after.bytes - before.bytes) / images },
      {
        what: "time of Redis's one thread",
        unit: 'µs an image',
        ours: (after.microseconds - before.microseconds) / images,
      },
    ] satisfies Row[];
  },
};
