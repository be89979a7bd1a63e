import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { fetchImage, inTurn } from './deliver.ts';
import type { ImageState, Peer, Running, Server, Upload } from './peer.ts';
import { killTrees } from './process-tree.ts';

const CLIENTS = 4;
/** Longer than BullMQ's defaults take to return the jobs of a killed worker to the queue. */
const RECOVERY_MS = 120_000;

/** The outcome for the images of a peer that was killed. */
export interface Loss {
  images: number;
  /** Images whose upload had a response, and how many of them never became available. */
  acknowledged: number;
  lost: number;
  /** Of a loop, which acknowledges nothing: images without a result, and with an incomplete one. */
  missing?: number;
  truncated?: number;
}

async function isComplete(image: Buffer | string): Promise<boolean> {
  return sharp(image, { failOn: 'warning' })
    .stats()
    .then(
      () => true,
      () => false,
    );
}

const resultsOf = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith('.jpg'));

/** Kills a peer when a quarter of the results exist. */
async function killInTheMiddle({ processes, redis, results = '' }: Running, images: number, withRedis: boolean) {
  while ((await resultsOf(results)).length < images / 4) await delay(5);
  killTrees([...processes(), ...(withRedis && redis ? [redis()] : [])]);
  // Give the system the time to end them, before their ports and files are used again.
  await delay(1000);
}

/** Waits until each acknowledged image is available or gone. Returns their final states. */
async function settle(server: Server, acknowledged: readonly { sent: unknown; images: number }[]) {
  const deadline = performance.now() + RECOVERY_MS;
  const states = acknowledged.map(async ({ sent, images }) => {
    let found: ImageState[] = [];
    do {
      found = await server.find(sent).catch((): ImageState[] => ['pending']);
      if (!found.includes('pending')) break;
      await delay(250);
    } while (performance.now() < deadline);
    // A server that knows nothing of an upload says so once.
    return Array.from({ length: images }, (_, at) => found[at] ?? found[0] ?? 'gone');
  });
  return (await Promise.all(states)).flat();
}

/** Kills a peer while it works on uploads, starts it again if it is a server, and counts what is missing. */
export async function measureLoss(
  peer: Peer,
  {
    folder,
    originals,
    uploads,
    withRedis,
  }: { folder: string; originals: string; uploads: Upload[]; withRedis: boolean },
): Promise<Loss> {
  const running = await peer.start(folder, originals);
  const { use } = running;
  const files = uploads.flatMap((upload) => upload.files);
  const images = files.length;
  if (typeof use === 'function') {
    void use(files).catch(() => {});
    await killInTheMiddle(running, images, false);
    const results = await resultsOf(running.results ?? '');
    const complete = await Promise.all(results.map((name) => isComplete(join(running.results ?? '', name))));
    const truncated = complete.filter((each) => !each).length;
    return { images, acknowledged: 0, lost: 0, missing: images - results.length, truncated };
  }
  const acknowledged: { sent: unknown; images: number }[] = [];
  const sending = inTurn(uploads, CLIENTS, async (upload) => {
    const sent = await use.send(upload).catch(() => undefined);
    if (sent) acknowledged.push({ sent, images: upload.files.length });
  });
  await killInTheMiddle(running, images, withRedis);
  await sending;
  await running.restart?.();
  const states = await settle(use, acknowledged);
  const complete = await Promise.all(
    states.map(async (state) => typeof state === 'object' && isComplete(await fetchImage(state.url))),
  );
  const lost = complete.filter((each) => !each).length;
  killTrees([...running.processes(), ...(running.redis ? [running.redis()] : [])]);
  return { images, acknowledged: states.length, lost };
}
