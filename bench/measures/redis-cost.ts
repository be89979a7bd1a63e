import { join } from 'node:path';
import { allEnded, formBody, upload } from '../client.ts';
import type { Measure, Row } from '../measure.ts';
import { photo } from '../pictures.ts';
import { type Service, startService } from '../processes.ts';

const FILES = 10;

interface Usage {
  calls: Map<string, number>;
  microseconds: number;
  bytes: number;
  roundTrips: number;
}

async function usage({ redis }: Service): Promise<Usage> {
  const field = (text: string, name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(text)?.[1]);
  const commands = [...(await redis.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+),usec=(\d+)/g)];
  const counted = commands.filter(([, name]) => name !== 'info');
  const stats = await redis.info('stats');
  return {
    calls: new Map(counted.map(([, name = '', calls]) => [name, Number(calls)])),
    microseconds: counted.reduce((sum, [, , , usec]) => sum + Number(usec), 0),
    bytes: field(stats, 'total_net_input_bytes') + field(stats, 'total_net_output_bytes'),
    roundTrips: field(stats, 'total_reads_processed'),
  };
}

export const redisCost: Measure = {
  title: 'What one image costs Redis, from the upload to the result, in batches of ten',
  opponent:
    "nothing: it is counted by Redis itself (`INFO commandstats`, `INFO stats`), commands within BullMQ's scripts too.",
  ratio: '—',
  async run({ isQuick, folder, say }) {
    const service = await startService(join(folder, 'redis-cost'));
    await service.startWorker(1);
    const body = formBody(Array<Buffer>(FILES).fill(await photo()));
    const batches = isQuick ? 3 : 20;
    await allEnded(service.url, [await upload(service.url, body)]);
    const before = await usage(service);
    const answers: string[] = [];
    for (let batch = 0; batch < batches; batch += 1) answers.push(await upload(service.url, body));
    // Counted by Redis, so that waiting for the end costs nothing of what is counted but itself, which is left out.
    while ((await service.redis.zcard('{images}:batches:completed')) < batches + 1)
      await new Promise((soon) => setTimeout(soon, 50));
    const after = await usage(service);
    await service.stop();
    const images = batches * FILES;
    const each = [...after.calls].map(
      ([name, calls]) => [name, (calls - (before.calls.get(name) ?? 0)) / images] as const,
    );
    const most = each.toSorted(([, one], [, other]) => other - one).filter(([, calls]) => calls >= 1);
    say(most.map(([name, calls]) => `${name} ${calls.toFixed(1)}`).join(', '));
    return [
      {
        what: 'commands, those within scripts too',
        unit: 'an image',
        ours: each.reduce((sum, [, calls]) => sum + calls, 0),
      },
      { what: 'scripts (EVALSHA)', unit: 'an image', ours: each.find(([name]) => name === 'evalsha')?.[1] ?? 0 },
      {
        what: 'reads from sockets, about the round trips',
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
