import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../scripts/install.ts';
import { imageJobId } from '../../src/queue/names.ts';
import { resultName } from '../../src/storage/storage.ts';
import { listeningApp } from '../support/app.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { seeded } from '../support/random.ts';
import { randomNames, type SentName } from '../support/random-names.ts';
import { fetchRaw } from '../support/raw.ts';
import { startRedis } from '../support/redis.ts';
import { checkName, checkSaving, uploadAs } from '../support/saved-names.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';
import { readZip, unzip } from '../support/zip.ts';

const SEED = 20_240;
const COUNT = sized(60, 10_000);
/** Maximum number of files in one upload. */
const MAX_FILES = 20;
/** The expected refusal, with its reason. */
const refusal = { code: 'MALFORMED_MULTIPART', detail: expect.stringContaining('The form could not be read: ') };
/** Number of archives that are also unpacked with Python, if it is installed. Starting Python takes longer than all other checks. */
const UNPACKED = sized(1, 20);

faultTest(
  '10,000 random file names: lone surrogates, drive letters, reserved names, invisible characters, 8 KB, paths, quotes, line breaks',
  'Each is accepted, or refused with a 4xx and the reason; each accepted file can be downloaded, and has a unique name in its archive that is valid on Windows, macOS and Linux',
  async () => {
    const redis = await startRedis();
    const app = await listeningApp(redis, { MAX_FILES: String(MAX_FILES) });
    const result = await jpeg(32, 32);
    // Replaces the worker, which does not change names: stores one small result per file.
    takeJobs(redis, async ({ batchId, index, originalName }) => {
      await writeFile(join(app.processedDir, resultName(imageJobId(batchId, index), 'jpeg')), result);
      return madeUpResult(originalName);
    });
    let [accepted, refused, unpacked] = [0, 0, 0];
    const send = async (sent: readonly SentName[]): Promise<void> => {
      const { status, body } = await uploadAs(app.url, ...sent.map(({ parameter }) => parameter));
      if (status === 202) {
        const archive = await checkBatch(app.url, body, sent);
        accepted += sent.length;
        if (sent.length < MAX_FILES || unpacked === UNPACKED || !findProgram('python3')) return;
        unpacked += 1;
        return checkUnpacking(archive);
      }
      expect({ status, body }).toEqual({ status: 400, body: expect.objectContaining(refusal) });
      // One bad name makes the API refuse the whole upload. Sent in halves, the other names are accepted.
      const half = Math.ceil(sent.length / 2);
      if (sent.length === 1) refused += 1;
      else for (const part of [sent.slice(0, half), sent.slice(half)]) await send(part);
    };
    const names = randomNames(seeded(SEED), COUNT);
    for (let from = 0; from < COUNT; from += MAX_FILES) await send(names.slice(from, from + MAX_FILES));
    expect(accepted).toBeGreaterThan(COUNT / 2);
    expect(refused).toBeGreaterThan(0);
    return `${accepted} accepted and downloaded, ${refused} refused`;
  },
  3_600_000,
);

type Accepted = Awaited<ReturnType<typeof uploadAs>>['body'];

async function checkBatch(
  url: string,
  { status, files = [], links }: Accepted,
  sent: readonly SentName[],
): Promise<Buffer> {
  expect([status, files.length]).toEqual(['completed', sent.length]);
  const paths = files.flatMap(({ jobId, originalName, resultUrl, result }, index) => {
    expect(originalName).toBe((sent[index]?.returnedAs ?? originalName).toWellFormed());
    expect(result?.originalName).toBe(originalName);
    return [resultUrl, `${resultUrl}?download=1`, `/jobs/${jobId}/original`];
  });
  await Promise.all(paths.map((path) => checkSaving(url + path)));
  const archive = await fetchRaw(`${url}${links?.archive}`);
  expect(archive.status).toBe(200);
  const entries = readZip(archive.body).map(({ name }) => name);
  expect(entries).toHaveLength(sent.length + 1);
  for (const name of entries) checkName(name);
  // Windows and macOS ignore case when they look up a name. macOS also treats composed and decomposed characters as equal.
  for (const form of ['NFC', 'NFD'])
    for (const fold of ['toLowerCase', 'toUpperCase'] as const)
      expect(new Set(entries.map((name) => name.normalize(form)[fold]().normalize(form))).size).toBe(entries.length);
  return archive.body;
}

async function checkUnpacking(zip: Buffer): Promise<void> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'batch.zip'), zip);
  await mkdir(join(folder, 'out'));
  unzip(join(folder, 'batch.zip'), join(folder, 'out'));
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(
    readZip(zip)
      .map(({ name }) => name)
      .sort(),
  );
}
