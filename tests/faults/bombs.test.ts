import { Redis } from 'ioredis';
import { avifBomb, gifBomb, jpegBomb, pngBomb, webpBomb } from '../support/bombs.ts';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File, upload } from '../support/client.ts';
import { imageChildren } from '../support/descendants.ts';
import { faultTest } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { peakMemory, restartPeakMemory } from '../support/proc.ts';
import { ownService } from '../support/service.ts';

const LIMIT_MS = 200;
const LIMIT_MB = 50;
/** Each is tried some times, and the best counts: what else this machine does at that moment is not the service's. */
const [TRIES, MOST_TRIES] = [3, 15];

faultTest(
  '144 megapixels in a few kilobytes (PNG, JPEG, WebP, AVIF, an AVIF that says it is small), a GIF of 10,000 frames',
  `refused by the header within ${LIMIT_MS} ms and with at most ${LIMIT_MB} MB more memory; of the GIF the first frame counts`,
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    const [api, worker] = [await service.startApi(), await service.startWorker()];
    const redis = new Redis(service.redis.url);
    onCleanup(() => redis.disconnect());

    /** What became of a file, how long the child took, and how much memory it took more than it had. */
    const run = async (file: File) => {
      const [child] = imageChildren(worker.child.pid);
      const before = restartPeakMemory(child);
      const batchId = await upload(api.url, file);
      const { files } = await batchEnd(api.url, batchId);
      const [started, ended] = await redis.hmget(`{images}:images:${batchId}-0`, 'processedOn', 'finishedOn');
      // A child that was ended would be another one by now.
      expect(imageChildren(worker.child.pid)).toEqual([child]);
      return { ended: files[0], ms: Number(ended) - Number(started), mb: peakMemory(child) - before };
    };

    // The first image of a child also loads libvips.
    await batchEnd(api.url, await upload(api.url, ['a.jpg', await jpeg()]));
    await run(['b.gif', gifBomb(2)]);

    const tooLarge = { state: 'failed', failedReason: '144 megapixels, the limit is 50' };
    const bombs: [File, object][] = [
      [['bomb.png', pngBomb()], tooLarge],
      [['bomb.jpg', await jpegBomb()], tooLarge],
      [['progressive.jpg', await jpegBomb(true)], tooLarge],
      [['bomb.webp', await webpBomb()], tooLarge],
      [['bomb.avif', avifBomb()], tooLarge],
      [['liar.avif', avifBomb(64)], { state: 'failed', failedReason: 'corrupt AVIF' }],
      [['bomb.gif', gifBomb(10_000)], { state: 'completed', result: expect.objectContaining({ width: 512 }) }],
    ];
    let [slowest, largest] = [0, 0];
    for (const [file, expected] of bombs) {
      let [ms, mb] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      for (let tries = 0; tries < (ms > LIMIT_MS || mb > LIMIT_MB ? MOST_TRIES : TRIES); tries += 1) {
        const one = await run(file);
        expect(one.ended).toMatchObject(expected);
        [ms, mb] = [Math.min(ms, one.ms), Math.min(mb, one.mb)];
      }
      expect({ name: file[0], isQuick: ms <= LIMIT_MS, isSmall: mb <= LIMIT_MB }).toMatchObject({
        isQuick: true,
        isSmall: true,
      });
      [slowest, largest] = [Math.max(slowest, ms), Math.max(largest, mb)];
    }
    return `at most ${slowest} ms and ${Math.ceil(largest)} MB`;
  },
);
