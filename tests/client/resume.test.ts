import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AsyncImages } from '../../client/src/index.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { faultTest, sized } from '../support/fault.ts';
import { type Hold, startHoldingProxy } from '../support/holding-proxy.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { ownService } from '../support/service.ts';

const COUNT = sized(60, 500);
const BROKEN = sized(5, 20);
const BATCH_SIZE = 10;

/** Names of the images: equal ones in two folders, and some that differ only in their extension. */
function nameOf(index: number): string {
  const number = Math.floor(index / 3);
  return [`first/${number}.jpg`, `second/${number}.jpg`, `second/${number}.jpeg`][index % 3] ?? '';
}
const isBroken = (index: number) => index % (COUNT / BROKEN) === 7;

/** Together they come before the end: at most a third of the results is saved before the first, and a sixth before each of the others. */
const kills: Record<string, Hold> = {
  'after the service has accepted a batch, before its response arrives': {
    matches: /^POST/,
    count: Math.floor(COUNT / BATCH_SIZE / 3),
  },
  'in the middle of a download': { matches: /^GET .*\/result/, count: Math.floor(COUNT / 6), sendsHalf: true },
  'before a download begins': { matches: /^GET .*\/result/, count: Math.floor(COUNT / 6) },
};

faultTest(
  '`async-images push` of 500 images, 20 of them broken, killed (`kill -9`) at three moments and started again',
  'Each image has one result in the output folder, equal to that of the service; the broken ones are named; no image is sent twice',
  async () => {
    const service = await ownService();
    const [api] = await Promise.all([service.startApi(), service.startWorker()]);
    const proxy = await startHoldingProxy(api.url);
    const folder = await temporaryFolder();
    const broken = await truncatedJpeg();
    for (let index = 0; index < COUNT; index += 1) {
      const path = join(folder, 'photos', nameOf(index));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, isBroken(index) ? broken : await jpeg(64, 48));
    }
    const command = ['push', 'photos', '--recursive', '--out', 'out', '--width', '32', '--format', 'webp', '--json'];

    for (const hold of Object.values(kills)) {
      const held = proxy.hold({ ...hold });
      const run = startProgram(proxy.url, command, folder);
      await Promise.race([held, run.ended.then(() => Promise.reject(new Error(run.stderr())))]);
      run.signal('SIGKILL');
      expect(await run.ended).toBeNull();
    }
    proxy.release();
    const last = await runProgram(proxy.url, command, folder);
    expect([last.code, last.stderr()]).toEqual([1, '']);

    const lines = last.lines();
    const sources = Array.from({ length: COUNT }, (_, index) => join('photos', nameOf(index)));
    expect(lines.map(({ source }) => source).sort()).toEqual(sources.sort());
    const failed = lines.filter(({ state }) => state === 'failed');
    const brokenNames = Array.from({ length: COUNT }, (_, index) => index)
      .filter(isBroken)
      .map(nameOf);
    expect(failed.map(({ source }) => source).sort()).toEqual(brokenNames.map((name) => join('photos', name)).sort());
    for (const { failure } of failed) expect(failure?.code).toBe('IMAGE_TRUNCATED');

    const saved = lines.filter(({ state }) => state === 'completed');
    const entries = await readdir(join(folder, 'out'), { recursive: true, withFileTypes: true });
    const results = entries.filter((entry) => entry.isFile() && entry.name !== '.async-images.jsonl');
    expect(results).toHaveLength(saved.length);
    expect(new Set(saved.flatMap(({ outputs }) => outputs)).size).toBe(COUNT - BROKEN);
    const images = new AsyncImages({ baseUrl: api.url });
    for (const { outputs, jobId } of saved) {
      const result = await (await images.results.download(jobId ?? '')).arrayBuffer();
      expect((await readFile(join(folder, outputs[0] ?? ''))).equals(Buffer.from(result))).toBe(true);
    }

    const { batches } = await images.batches.list({ limit: 100 });
    expect(batches).toHaveLength(COUNT / BATCH_SIZE);
    expect(batches.reduce((sum, { progress }) => sum + progress.total, 0)).toBe(COUNT);
    expect(new Set(lines.map(({ jobId }) => jobId)).size).toBe(COUNT);
    const resumed = saved.filter((line) => line.resumed).length;
    expect(resumed).toBeGreaterThan(0);
    return `${saved.length} of ${saved.length} results saved, ${resumed} of them before the last start; ${failed.length} failures named; ${batches.length} batches`;
  },
);
