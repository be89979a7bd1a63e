import { join } from 'node:path';
import { alternate, type Measure, median, timed } from '../measure.ts';
import { type Service, startService } from '../processes.ts';
import { waitingBatch } from './status.ts';

/** Batches per page. */
const PAGE = 100;
/** Batches that one script makes. */
const CHUNK = 10_000;
const CLIENT = 'address:127.0.0.1';

/**
 * Makes batches that have ended, with only the keys that a list reads.
 *
 * KEYS: index. ARGV: first number, count, data of a batch.
 */
const MAKE = `
for number = tonumber(ARGV[1]), ARGV[1] + ARGV[2] - 1 do
  local id = string.format('00000000-0000-4000-8000-%012x', number)
  local at = 1700000000000 + number
  local job = '{images}:batches:' .. id
  redis.call('HSET', job, 'data', ARGV[3], 'timestamp', at, 'returnvalue', '{"finishedAt":' .. at .. '}')
  redis.call('HSET', job .. ':processed', '{images}:images:' .. id .. '-0', '{}')
  redis.call('ZADD', KEYS[1], 0, at .. ':' .. id)
end
`;

async function fill({ redis }: Service, batches: number, say: (line: string) => void): Promise<void> {
  const set = `{images}:list:completed:${CLIENT}|`;
  const data = JSON.stringify({ total: 1, client: CLIENT });
  for (let made = 0; made < batches; made += CHUNK) {
    await redis.eval(MAKE, 1, set, made, Math.min(CHUNK, batches - made), data);
    if (made % 100_000 === 0) say(`filling: ${made} of ${batches} batches`);
  }
}

/** Reads a page from the middle of the list. */
async function read(url: string, batches: number): Promise<void> {
  const to = new Date(1_700_000_000_000 + batches / 2).toISOString();
  const response = await fetch(`${url}/batches?limit=${PAGE}&to=${to}&status=completed,processing`);
  const page = (await response.json()) as { batches: unknown[]; cursor: string | null };
  if (page.batches.length !== PAGE || page.cursor === null) throw new Error(`expected a page, got ${response.status}`);
}

const usedBytes = async ({ redis }: Service) => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);

/** Returns the bytes that a batch of ten waiting files takes in Redis, and the bytes of its entry in the index. */
async function memoryOfBatch(service: Service): Promise<{ batch: number; entry: number }> {
  const count = 1000;
  const before = await usedBytes(service);
  for (let batch = 0; batch < count; batch += 1) await waitingBatch(service);
  const full = await usedBytes(service);
  await service.redis.del('{images}:list:waiting:bench|');
  const entry = (full - (await usedBytes(service))) / count;
  return { batch: (full - before) / count, entry };
}

export const list: Measure = {
  title: `GET /batches, a page of ${PAGE} batches, milliseconds; and the memory of a batch in Redis`,
  baseline: 'the same service with 1,000 batches; a batch without its entry in the index',
  ratio: 'times the baseline',
  async run({ isQuick, folder, say }) {
    const [few, many] = [1000, isQuick ? 100_000 : 1_000_000];
    const [small, large] = [await startService(join(folder, 'few')), await startService(join(folder, 'many'))];
    const { batch, entry } = await memoryOfBatch(small);
    await fill(small, few, say);
    await fill(large, many, say);
    const times = await alternate([() => timed(() => read(large.url, many)), () => timed(() => read(small.url, few))], {
      rounds: isQuick ? 200 : 1000,
      warmups: 100,
    });
    const [ours = 0, theirs = 0] = times.map(median);
    await small.stop();
    await large.stop();
    return [
      { what: `${many} batches`, unit: 'ms', ours, theirs, ratio: ours / theirs, atMost: 1.3 },
      {
        what: 'memory of a batch of ten waiting files',
        unit: 'bytes',
        ours: batch,
        theirs: batch - entry,
        ratio: batch / (batch - entry),
      },
    ];
  },
};
