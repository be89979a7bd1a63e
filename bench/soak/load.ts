import { setTimeout as delay } from 'node:timers/promises';
import { seeded } from '../../tests/support/random.ts';
import { createActions, type Material } from './actions.ts';
import { createMaterial } from './material.ts';

const CLIENTS = 8;
/**
 * Longest time from one batch of a client to its next. A client that is late catches up, so that other load on the machine does not change
 * the number of batches that exist at the same time.
 */
const MAX_INTERVAL_MS = 4000;

/** A choice with its weight. */
type Choice<T> = readonly [weight: number, value: T];

/** Starts clients that upload, follow, read, delete, cancel, retry and reprocess until they are stopped. */
export async function startLoad(
  url: string,
  { seed, ...addresses }: { seed: number } & Pick<Material, 'fileUrl' | 'webhookUrl'>,
) {
  const material: Material = { ...(await createMaterial()), ...addresses };
  const stopping = new AbortController();
  const counts: Record<string, number> = {};
  const note = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };

  async function client(number: number): Promise<void> {
    const random = seeded(seed + number);
    const choose = <T>(choices: readonly Choice<T>[]): T => {
      const repeated = choices.flatMap(([weight, value]) => Array<T>(weight).fill(value));
      return repeated[random(repeated.length)] as T;
    };
    const actions = createActions({ url, material, random, note });
    const { upload, uploadRaw, importFiles, abortUpload, streamToEnd, leaveStream, wait } = actions;
    const { remove, removeFile, reprocess, retry, cancel, readFiles, leaveArchive, leave } = actions;
    for (let next = Date.now(); !stopping.signal.aborted; next += random(MAX_INTERVAL_MS)) {
      await delay(Math.max(0, next - Date.now()), undefined, { signal: stopping.signal }).catch(() => undefined);
      try {
        const send = choose([
          [7, upload],
          [1, uploadRaw],
          [1, importFiles],
          [1, abortUpload],
        ]);
        const batchId = await send();
        if (batchId === undefined) continue;
        const follow = choose([
          [3, streamToEnd],
          [2, leaveStream],
          [2, wait],
          [3, leave],
        ]);
        note(follow.name);
        await follow(batchId);
        const then =
          follow === streamToEnd || follow === wait
            ? choose([
                [3, remove],
                [3, removeFile],
                [2, reprocess],
                [2, retry],
                [4, readFiles],
                [1, leaveArchive],
                [2, leave],
              ])
            : choose([
                [2, cancel],
                [1, remove],
                [3, leave],
              ]);
        note(then.name);
        await then(batchId);
      } catch (error) {
        note(`error: ${(error as Error).message}`);
      }
    }
  }

  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  return {
    counts: () => ({ ...counts }),
    async stop() {
      stopping.abort();
      await Promise.all(clients);
    },
  };
}
