import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File, upload } from '../support/client.ts';
import { imageChildren, isAlive } from '../support/descendants.ts';
import { faultTest, sized } from '../support/fault.ts';
import { type SentUpload, startKeyedLoad, type Upload } from '../support/keyed-load.ts';
import { inLanes } from '../support/lanes.ts';
import type { Load } from '../support/load.ts';
import { jpeg, truncatedJpeg } from '../support/pictures.ts';
import { openDescriptors } from '../support/proc.ts';
import { until } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { ownService } from '../support/service.ts';
import { startVictims, unfinishedUploads } from '../support/victims.ts';
import { expectNoHalfBatch, expectOneResultEach, finishedNames } from '../support/whole.ts';

type Victims = Awaited<ReturnType<typeof startVictims>>;

const KILLS = sized(3, 80);
const CLIENTS = 6;
/** Milliseconds in which the workers must have processed the whole backlog. */
const DRAIN_LIMIT_MS = 600_000;
/**
 * Decides what is killed, when, and what the clients send; `CHAOS_SEED` repeats an earlier run. The quick one kills a worker, an
 * API and Redis, in this order: a job of a killed worker waits up to 15 s for another one.
 */
const SEED = Number(process.env.CHAOS_SEED ?? sized(28, Date.now() % 1_000_000));
/** Name of the file that can never be processed. */
const CORRUPT = 'corrupt.jpg';

/** Several files, a corrupt one among others, and several results per file. */
async function mixedUploads(): Promise<[Upload, ...Upload[]]> {
  const photo = await jpeg(200, 150);
  const a: File = ['a.jpg', photo];
  const b: File = ['b.jpg', photo];
  const corrupt: File = [CORRUPT, await truncatedJpeg()];
  const variants = '[{"name":"thumb","width":80},{"name":"large","blur":2}]';
  return [{ files: [a, b, b] }, { files: [a, corrupt, b] }, { files: [a, b], variants }];
}

/** Uploads until every process has done some work, and so has opened whatever it keeps open; returns the batches' ids. */
async function warmUp({ apis, workers }: Victims, files: readonly File[]): Promise<string[]> {
  const batchIds: string[] = [];
  await until(async () => {
    for (const { url } of apis) batchIds.push(await upload(url, ...files));
    await Promise.all(batchIds.map((batchId) => batchEnd(apis[0].url, batchId)));
    return workers.every(({ child }) => imageChildren(child.pid).length > 0);
  });
  return batchIds;
}

/** Open descriptors of each process, while each API has as many connections as there are clients: `fetch` keeps them open. */
async function countDescriptors({ apis, workers }: Victims): Promise<number[]> {
  const requests = apis.flatMap(({ url }) => Array.from({ length: CLIENTS }, () => fetch(`${url}/healthz`)));
  for (const response of await Promise.all(requests)) await response.arrayBuffer();
  return [...apis, ...workers].map(({ child }) => openDescriptors(child.pid));
}

/** Kills one victim after the other, each a random time after some more uploads were accepted or refused. */
async function killAtRandom(victims: Victims['victims'], { accepted, refused }: Load): Promise<void> {
  const random = seeded(SEED);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const enough = accepted.length + refused.length + 1 + random(5);
    await until(() => accepted.length + refused.length >= enough);
    await delay(random(300));
    await victims[random(victims.length)]?.();
  }
}

/** Expects one batch at most of each upload, and one of each that was retried; returns the uploads by their batch ids. */
function expectOneBatchEach(sent: readonly SentUpload[]): Map<string, SentUpload> {
  const outcomes = sent.map(({ isRetried, acknowledged }) => ({ isRetried, batches: new Set(acknowledged).size }));
  expect(outcomes.filter(({ isRetried, batches }) => batches > 1 || (isRetried && batches === 0))).toEqual([]);
  const byBatch = sent.flatMap((one) => one.acknowledged.slice(0, 1).map((batchId) => [batchId, one] as const));
  expect(new Set(byBatch.map(([batchId]) => batchId)).size).toBe(byBatch.length);
  return new Map(byBatch);
}

/** Waits for the end of batches. Expects every file to end as its content deserves, and both APIs to report the same. */
async function expectOutcomes({ apis: [one, other] }: Victims, batchIds: readonly string[]): Promise<BatchResponse[]> {
  const batches: BatchResponse[] = [];
  await inLanes(CLIENTS, batchIds, async (batchId) => {
    const batch = await batchEnd(one.url, batchId, DRAIN_LIMIT_MS);
    expect(await batchEnd(other.url, batchId)).toEqual(batch);
    expect(batch.files.map(({ state, failedReason }) => [state, failedReason])).toEqual(
      batch.files.map(({ originalName }) =>
        originalName === CORRUPT ? ['failed', 'truncated JPEG'] : ['completed', null],
      ),
    );
    batches.push(batch);
  });
  return batches;
}

async function injectChaos(): Promise<string> {
  // A short backlog: what is accepted does not depend on how fast the images are processed.
  const service = await ownService({ WORKER_CONCURRENCY: '1', MAX_BACKLOG: '60' });
  const victims = await startVictims(service);
  const { apis, kills, left } = victims;
  const uploads = await mixedUploads();
  const first = await warmUp(victims, uploads[0].files);
  const descriptors = await countDescriptors(victims);

  const choose = seeded(SEED + 1);
  const anyApi = () => apis[choose(2) === 0 ? 0 : 1].url;
  const { load, sent } = startKeyedLoad(anyApi, uploads, { clients: CLIENTS, seed: SEED + 2 });
  await killAtRandom(victims.victims, load);
  await load.stop();
  for (const { url } of apis) await until(async () => (await fetch(`${url}/readyz`)).ok);

  const byBatch = expectOneBatchEach(sent);
  const batchIds = await expectNoHalfBatch(service.redis);
  expect([...byBatch.keys(), ...first].filter((batchId) => !batchIds.includes(batchId))).toEqual([]);
  // An upload whose response was lost may be a batch too, but never more than one.
  expect(batchIds.length).toBeLessThanOrEqual(sent.length + first.length);
  const batches = await expectOutcomes(victims, batchIds);
  for (const { batchId, files } of batches) {
    const { upload: sentFiles } = byBatch.get(batchId) ?? {};
    if (sentFiles) expect(files.map((file) => file.originalName)).toEqual(sentFiles.files.map(([name]) => name));
  }
  await expectOneResultEach(service.processedDir, batches);

  // What no batch needs is known to the sweeper, or was left by an API that was killed.
  const redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  const known = new Set([...batchIds, ...(await redis.zrange('{images}:incoming', '0', '-1'))]);
  expect((await finishedNames(service.uploadDir)).filter((name) => !known.has(name))).toEqual([]);
  expect((await unfinishedUploads(service)).filter((name) => !left.uploads.has(name))).toEqual([]);
  await until(() => !left.children.some(isAlive));
  await until(async () => {
    const open = await countDescriptors(victims);
    return open.every((count, index) => count <= (descriptors[index] ?? 0));
  });

  const repeated = [...byBatch.values()].filter(({ acknowledged }) => acknowledged.length > 1).length;
  return [
    `seed ${SEED}: APIs killed ${kills.apis} times, workers ${kills.workers} times, Redis ${kills.redis} times`,
    `${byBatch.size} of ${byBatch.size} acknowledged batches ended as they should, ${repeated} of them acknowledged more than once`,
  ].join('; ');
}

faultTest(
  'One of two APIs, two workers and Redis killed (`kill -9`) at random, 80 times, under uploads of six clients with an `Idempotency-Key` each',
  'Every acknowledged batch ends with one whole result per file and variant; a retried upload is one batch; both APIs report the same; no child process, descriptor or upload stays behind',
  async () => {
    try {
      return await injectChaos();
    } catch (cause) {
      throw new Error(`failed with CHAOS_SEED=${SEED}`, { cause });
    }
  },
  1_800_000,
);
