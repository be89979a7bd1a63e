import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import { openLocalStorage } from '../../src/storage/local/local-storage.ts';
import { processFile } from '../../src/worker/process-image.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { jpeg, testImage, truncatedJpeg } from '../support/images.ts';

const limits = {
  acceptedFormats: ['jpeg', 'png'] as const,
  maxPixels: 1_000_000,
  maxFrames: 100,
  jobTimeoutMs: 600_000,
  jobMemoryBytes: Number.POSITIVE_INFINITY,
};

/** A PNG with one wrong byte in the middle of its pixels. */
async function corruptPng(): Promise<Buffer> {
  const png = await testImage(64, 64).png().toBuffer();
  const middle = png.length >> 1;
  png.writeUInt8(png.readUInt8(middle) ^ 0xff, middle);
  return png;
}

/** A storage with one original, and its payload. */
async function stored(content: Buffer) {
  const [uploadDir, processedDir] = [await temporaryFolder(), await temporaryFolder()];
  const storage = openLocalStorage({ uploadDir, processedDir, minFreeDiskBytes: 0 });
  const batchId = uuid();
  const incoming = await storage.originals.receive();
  await incoming.add(
    0,
    (async function* () {
      yield content;
    })(),
    0,
  );
  await incoming.commit(batchId);
  const payload = { batchId, index: 0, originalName: 'a.jpg', format: 'jpeg' as const, outputs: [{ options: {} }] };
  return { storage, payload, uploadDir, processedDir };
}

test('makes a result and writes it', async () => {
  const { storage, payload } = await stored(await jpeg(600, 300));
  const outcome = await processFile(payload, storage, limits);
  expect(outcome).toMatchObject({ kind: 'made', result: { originalName: 'a.jpg', width: 512, height: 256 } });
});

test.each([
  ['IMAGE_TRUNCATED', 'truncated JPEG', truncatedJpeg],
  ['IMAGE_CORRUPT', 'corrupt PNG', corruptPng],
  ['IMAGE_UNSUPPORTED', 'not a supported image', async () => Buffer.from('text')],
  ['IMAGE_TOO_LARGE', '1.2 megapixels, the limit is 1', () => jpeg(1200, 1000)],
] as const)('returns %s for such an image, and the cause for the log', async (code, message, content) => {
  const { storage, payload } = await stored(await content());
  const outcome = await processFile(payload, storage, limits);
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code, message }, isFinal: true });
});

test('passes on what libvips reports about a corrupt image', async () => {
  const { storage, payload } = await stored(await truncatedJpeg());
  expect(await processFile(payload, storage, limits)).toMatchObject({
    cause: { message: expect.stringMatching(/JPEG/i) },
  });
});

test('returns OUTPUT_TOO_LARGE for options that make a small image huge', async () => {
  const { storage, payload } = await stored(await testImage(1, 1000).jpeg().toBuffer());
  const outputs = [{ options: { width: 4096, enlarge: true } }];
  const outcome = await processFile({ ...payload, outputs }, storage, limits);
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'OUTPUT_TOO_LARGE' }, isFinal: true });
});

test('returns ORIGINAL_GONE for a file that someone has deleted, which another attempt may find', async () => {
  const { storage, payload, uploadDir } = await stored(await jpeg(64, 64));
  await rm(join(uploadDir, payload.batchId), { recursive: true });
  const outcome = await processFile(payload, storage, limits);
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'ORIGINAL_GONE' }, isFinal: false });
});

test('returns the storage error when a result cannot be written', async () => {
  const { storage, payload, processedDir } = await stored(await jpeg(64, 64));
  await rm(processedDir, { recursive: true });
  await writeFile(processedDir, 'in the way of the folder');
  const outcome = await processFile(payload, storage, limits);
  const problem = 'could not store the result (EEXIST)';
  expect(outcome).toMatchObject({ kind: 'storage unavailable', error: { code: 'STORAGE_UNAVAILABLE', problem } });
});
