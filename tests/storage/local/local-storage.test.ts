import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { openLocalStorage } from '../../../src/storage/local/local-storage.ts';
import { createOriginals } from '../../../src/storage/local/originals.ts';
import { pathInside } from '../../../src/storage/local/paths.ts';
import { createResults } from '../../../src/storage/local/results.ts';
import { removeUnfinished, UNFINISHED } from '../../../src/storage/local/unfinished.ts';
import { temporaryFolder } from '../../support/cleanup.ts';
import { ID_FILE } from '../../support/whole.ts';

const batchId = '550e8400-e29b-41d4-a716-446655440000';

test('discarding originals deletes their files, before and after the commit', async () => {
  const folder = await temporaryFolder();
  const originals = createOriginals(folder);
  for (const isCommitted of [false, true]) {
    const incoming = await originals.receive();
    await incoming.add(0, Readable.from([Buffer.from('x')]), 0);
    if (isCommitted) await incoming.commit(batchId);
    expect(await readdir(folder)).toHaveLength(1);
    await incoming.discard();
    expect(await readdir(folder)).toEqual([]);
  }
});

test('an error of the file system becomes a STORAGE_UNAVAILABLE error', async () => {
  const incoming = await createOriginals(await temporaryFolder()).receive();
  // Adding the same index twice fails with EEXIST.
  await incoming.add(1, Readable.from([Buffer.from('x')]), 0);
  async function* late() {
    await delay(50);
    yield Buffer.from('y');
  }
  await expect(incoming.add(1, late(), 0)).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: 'The service could not store the upload (EEXIST). Try again in 10 seconds.',
  });
});

describe('results', () => {
  const id = [`${batchId}-0`, 'jpeg'] as const;

  test('replace an earlier result atomically, and leave no temporary file', async () => {
    const folder = await temporaryFolder();
    const results = createResults(folder);
    for (const content of ['first', 'second']) {
      await results.publish(await results.write(Buffer.from(content), ...id), ...id);
    }
    expect(await readdir(folder)).toEqual([`processed-${batchId}-0.jpg`]);
    expect(await readFile(join(folder, `processed-${batchId}-0.jpg`), 'utf8')).toBe('second');
  });

  test('are copied as hard links, without a temporary file, also when a job runs again', async () => {
    const folder = await temporaryFolder();
    const results = createResults(folder);
    await results.publish(await results.write(Buffer.from('x'), 'one', 'jpeg'), 'one', 'jpeg');
    for (let time = 0; time < 2; time += 1) await results.copy('one', 'other', 'jpeg');
    expect((await readdir(folder)).sort()).toEqual(['processed-one.jpg', 'processed-other.jpg']);
    expect((await stat(join(folder, 'processed-other.jpg'))).nlink).toBe(2);
  });

  test('are not visible before they are published', async () => {
    const folder = await temporaryFolder();
    await createResults(folder).write(Buffer.from('written'), ...id);
    expect((await readdir(folder)).filter((name) => !name.endsWith(UNFINISHED))).toEqual([]);
  });

  test('that cannot be stored leave no temporary file', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, 'a file instead of a folder');
    await expect(createResults(file).write(Buffer.from('x'), ...id)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect((await stat(file)).isFile()).toBe(true);

    const folder = await temporaryFolder();
    const results = createResults(folder);
    const written = await results.write(Buffer.from('x'), 'id', 'jpeg');
    // A folder has the name of the result, so the rename fails.
    await mkdir(join(folder, 'processed-id.jpg', 'subfolder'), { recursive: true });
    await expect(results.publish(written, 'id', 'jpeg')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await readdir(folder)).toEqual(['processed-id.jpg']);
  });
});

test('fails with the path of an id file that contains no id, and does not replace it', async () => {
  const [uploadDir, processedDir] = [await temporaryFolder(), await temporaryFolder()];
  await writeFile(join(uploadDir, ID_FILE), '');
  const storage = openLocalStorage({ uploadDir, processedDir, minFreeDiskBytes: 0 });
  await expect(storage.identify(async () => 'not used')).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    cause: { message: expect.stringContaining(join(uploadDir, ID_FILE)) },
  });
  expect(await readFile(join(uploadDir, ID_FILE), 'utf8')).toBe('');
});

test.each(['../outside', '/etc/passwd', '.', ''])('refuses a path outside its folder: %p', (name) => {
  expect(() => pathInside('/some/folder', name)).toThrow('inside its folder');
});

test('deletes only unfinished files that are old', async () => {
  const folder = await temporaryFolder();
  const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  await mkdir(join(folder, `old${UNFINISHED}`));
  await writeFile(join(folder, `old${UNFINISHED}`, '0'), 'x');
  await writeFile(join(folder, `new${UNFINISHED}`), 'x');
  await writeFile(join(folder, 'finished'), 'x');
  for (const name of [`old${UNFINISHED}`, 'finished']) await utimes(join(folder, name), longAgo, longAgo);
  expect(await removeUnfinished(folder)).toBe(1);
  expect((await readdir(folder)).sort()).toEqual(['finished', `new${UNFINISHED}`]);
  expect(await removeUnfinished(join(folder, 'missing'))).toBe(0);
});
