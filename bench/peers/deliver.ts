import { setTimeout as delay } from 'node:timers/promises';
import type { Running, Server, Upload } from './peer.ts';

/** Milliseconds from the beginning of an upload to its response, and until each of its images has been fetched. */
export interface Times {
  responseMs: number;
  fetchedMs: number[];
}

/** Lets several clients work through a list, each one entry after the other. */
export async function inTurn<T>(items: readonly T[], clients: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const client = async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** Fetches an image. Throws unless the response is an image. */
export async function fetchImage(url: string): Promise<Buffer> {
  const response = await fetch(url);
  const content = Buffer.from(await response.arrayBuffer());
  if (!response.ok || content.length === 0) throw new Error(`${url}: ${response.status} ${content.subarray(0, 200)}`);
  return content;
}

/** Sends an upload, polls until its images are ready, and fetches each as soon as it is. */
async function deliver(server: Server, upload: Upload, pollMs: number): Promise<Times> {
  const begin = performance.now();
  const sent = await server.send(upload);
  const responseMs = performance.now() - begin;
  const fetches = new Map<number, Promise<number>>();
  for (;;) {
    for (const [at, state] of (await server.find(sent)).entries()) {
      if (state === 'gone') throw new Error('an image was not processed');
      if (state === 'pending' || fetches.has(at)) continue;
      fetches.set(
        at,
        fetchImage(state.url).then(() => performance.now() - begin),
      );
    }
    if (fetches.size === upload.files.length) break;
    await delay(pollMs);
  }
  return { responseMs, fetchedMs: await Promise.all(fetches.values()) };
}

/**
 * Has a peer process uploads. A client sends its next upload once it has the images of the one before. A loop gets all files
 * at once, so its time is that of the last image.
 */
export async function deliverAll(
  { use }: Running,
  uploads: readonly Upload[],
  { clients, pollMs }: { clients: number; pollMs: number },
): Promise<Times[]> {
  const times: Times[] = [];
  if (typeof use === 'function') {
    const begin = performance.now();
    await use(uploads.flatMap(({ files }) => files));
    return [{ responseMs: Number.NaN, fetchedMs: [performance.now() - begin] }];
  }
  await inTurn(uploads, clients, async (upload) => {
    times.push(await deliver(use, upload, pollMs));
  });
  return times;
}
