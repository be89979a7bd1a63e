import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serviceKeys } from '../../src/queue/keys.ts';
import { QUEUES } from '../../src/queue/names.ts';
import { UNFINISHED } from '../../src/storage/local/unfinished.ts';
import type { Service } from '../processes.ts';

const INTERVAL_MS = 2000;
const HOUR_MS = 60 * 60 * 1000;
/** Younger records are those of deletions in progress, and younger files those of images in progress. */
const MIN_AGE_MS = 60_000;
/** Number of events to keep in each queue, of 10,000. The rarest come once a second, and would need hours to reach that number. */
const EVENTS = 300;

/**
 * Makes the deletions that began more than a minute ago an hour old. Their records are due an hour after their begin.
 *
 * KEYS: set of deletions by due time. ARGV: current time in ms, lowest and highest due time, an hour ago.
 */
const AGE = `
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], ARGV[3])) do
  redis.call('ZREM', KEYS[1], member)
  redis.call('ZADD', KEYS[1], ARGV[1], (string.gsub(member, '"begunAt":%d+', '"begunAt":' .. ARGV[4])))
end
`;

/**
 * Makes the records of deletions and the files of killed children age faster than the clock. The service keeps them for an hour before it
 * deletes for a second time, so a run of an hour would only see them grow.
 */
export function startAgeing({ redis, folders }: Pick<Service, 'redis' | 'folders'>) {
  const stopping = new AbortController();
  const { removing, removingFiles } = serviceKeys('{images}');

  async function age(now: number): Promise<void> {
    for (const key of [removing, removingFiles]) {
      await redis.eval(AGE, 1, key, now, now + MIN_AGE_MS, now + HOUR_MS - MIN_AGE_MS, now - HOUR_MS);
    }
    for (const queue of QUEUES) await redis.xtrim(`{images}:${queue}:events`, 'MAXLEN', EVENTS);
    for (const folder of [folders.uploads, folders.processed]) {
      for (const name of await readdir(folder)) {
        if (!name.endsWith(UNFINISHED)) continue;
        const path = join(folder, name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: now }));
        const old = new Date(now - HOUR_MS);
        if (now - mtimeMs > MIN_AGE_MS) await utimes(path, old, old).catch(() => undefined);
      }
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await age(Date.now());
      await delay(INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
