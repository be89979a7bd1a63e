import sharp from 'sharp';
import type { Problem } from '../../src/api/http/problem.ts';
import type { AcceptedBatch } from '../../src/api/routes/accepted-batch.ts';
import { type File, form } from '../support/client.ts';
import { forEachConcurrently } from '../support/concurrency.ts';
import { damagedFiles } from '../support/damage.ts';
import { descendants, imageChildren } from '../support/descendants.ts';
import { faultTest, sized } from '../support/fault.ts';
import { peakMemory } from '../support/proc.ts';
import { ownService } from '../support/service.ts';

const COUNT = sized(126, 5040);
const SEED = 20_261_123;
/** The default of `JOB_MEMORY_MB`, plus what a child can allocate between two checks of its memory. */
const MEMORY_LIMIT_MB = 1024 + 256;

/** Internal details that a failure reason must not contain: paths, stack traces, line breaks. */
const INTERNAL = /[/\\\n]|\bat \S+:\d|node_modules|reason of its own/;

faultTest(
  '5,040 truncated, bit-flipped and spliced files of every accepted type',
  'Each file fails with a reason or has a valid result; no process of the service ends',
  async () => {
    const service = await ownService();
    const [api, worker] = [await service.startApi(), await service.startWorker()];
    const count = { refused: 0, failed: 0, completed: 0 };

    const send = async (file: File): Promise<keyof typeof count> => {
      // With `wait` the response contains the outcome.
      const headers = { Prefer: 'wait=60' };
      const response = await fetch(`${api.url}/process-images`, { method: 'POST', body: form([file]), headers });
      if (response.status !== 202) return checkRefusal(response);
      const { files: [ended] = [] } = (await response.json()) as AcceptedBatch;
      if (ended?.state === 'completed') {
        await checkImage(await (await fetch(api.url + ended.resultUrl)).arrayBuffer());
        return 'completed';
      }
      expect(ended?.state).toBe('failed');
      expect(ended?.failedReason).toMatch(/\w/);
      expect(ended?.failedReason).not.toMatch(INTERNAL);
      return 'failed';
    };

    await forEachConcurrently(24, damagedFiles(COUNT, SEED), async (file) => {
      try {
        count[await send(file)] += 1;
      } catch (cause) {
        throw new Error(`failed for the file ${file[0]} of seed ${SEED}`, { cause });
      }
    });

    expect(count.refused + count.failed + count.completed).toBe(COUNT);
    // Each outcome must occur. Otherwise the damage is too small, or so large that no decoder is reached.
    for (const some of Object.values(count)) expect(some).toBeGreaterThan(COUNT / 50);
    expect([api.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    expect(descendants(process.pid)).toEqual(expect.arrayContaining([api.child.pid, worker.child.pid]));
    const peakMb = Math.max(...imageChildren(worker.child.pid).map(peakMemory));
    expect(peakMb).toBeLessThan(MEMORY_LIMIT_MB);
    const crashes = worker.output().match(/was ended (by|with)/g)?.length ?? 0;
    const limits = worker.output().match(/than the (time )?limit/g)?.length ?? 0;
    return `${count.refused} refused at the upload, ${count.failed} failed, ${count.completed} completed; ${crashes} children crashed, ${limits} exceeded a limit, at most ${Math.round(peakMb)} MiB in one child`;
  },
  600_000,
);

async function checkRefusal(response: Response): Promise<'refused'> {
  const problem = (await response.json()) as Problem;
  expect([problem.status, problem.code]).toEqual(
    response.status === 400 ? [400, 'EMPTY_FILE'] : [415, 'UNSUPPORTED_IMAGE_TYPE'],
  );
  expect(response.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  return 'refused';
}

async function checkImage(content: ArrayBuffer): Promise<void> {
  const image = sharp(Buffer.from(content), { limitInputPixels: false });
  expect(await image.metadata()).toMatchObject({ format: 'jpeg', width: 512, channels: 1 });
  // Decodes every pixel.
  await image.stats();
}
