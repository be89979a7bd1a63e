import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { removeAbandoned, UNFINISHED } from '../../src/storage/abandoned.ts';
import { createOriginals } from '../../src/storage/originals.ts';
import { pathInside } from '../../src/storage/paths.ts';
import { createResults } from '../../src/storage/results.ts';
import { toStorageError } from '../../src/storage/storage-error.ts';
import { temporaryFolder } from '../support/cleanup.ts';

const batchId = '550e8400-e29b-41d4-a716-446655440000';

describe('originals', () => {
  test('are there only after the commit, byte for byte', async () => {
    const originals = createOriginals(await temporaryFolder());
    const incoming = await originals.receive();
    const pieces = Readable.from([Buffer.from('o'), Buffer.from('ne '), Buffer.from('picture')]);
    expect(await incoming.add(0, pieces, 3)).toEqual({ size: 11, head: Buffer.from('one') });
    await expect(originals.read(batchId, 0)).rejects.toThrow('could not read the original (ENOENT)');
    await incoming.commit(batchId);
    expect(Buffer.from(await originals.read(batchId, 0)).toString()).toBe('one picture');
  });

  test('keep every byte and the order of a large file that comes in small pieces', async () => {
    const originals = createOriginals(await temporaryFolder());
    const incoming = await originals.receive();
    const whole = randomBytes(5_000_001);
    const pieces = Array.from({ length: 51 }, (_, index) => whole.subarray(index * 100_000, (index + 1) * 100_000));
    expect(await incoming.add(0, Readable.from(pieces), 200_000)).toEqual({
      size: whole.length,
      head: whole.subarray(0, 200_000),
    });
    await incoming.commit(batchId);
    expect(whole.equals(await originals.read(batchId, 0))).toBe(true);
  });

  test('leave nothing when discarded, before or after the commit', async () => {
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

  test('of a batch that has some already stay', async () => {
    const originals = createOriginals(await temporaryFolder());
    for (const content of ['old', 'new']) {
      const incoming = await originals.receive();
      await incoming.add(0, Readable.from([Buffer.from(content)]), 0);
      await incoming.commit(batchId);
    }
    expect(Buffer.from(await originals.read(batchId, 0)).toString()).toBe('old');
  });

  test("the sender's fault stays the sender's, and the disk's becomes one that can be told", async () => {
    const folder = await temporaryFolder();
    const incoming = await createOriginals(folder).receive();
    const broken = new Readable({ read() {} });
    const adding = incoming.add(0, broken, 0);
    broken.destroy(new Error('hung up'));
    await expect(adding).rejects.toThrow('hung up');
    // The same place twice.
    await incoming.add(1, Readable.from([Buffer.from('x')]), 0);
    async function* late() {
      await delay(50);
      yield Buffer.from('y');
    }
    await expect(incoming.add(1, late(), 0)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: 'The service could not store the upload (EEXIST). Try again later.',
    });
  });

  test('a full disk is named as such', () => {
    const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
    expect(toStorageError('store the upload', full)).toMatchObject({ code: 'STORAGE_FULL', status: 507 });
  });
});

describe('results', () => {
  test('replace an earlier one whole, and leave no temporary file', async () => {
    const folder = await temporaryFolder();
    const results = createResults(folder);
    for (const content of ['first', 'second']) {
      await results.publish(await results.write(Buffer.from(content)), `${batchId}-0`, 'jpeg');
    }
    expect(await readdir(folder)).toEqual([`processed-${batchId}-0.jpg`]);
    expect(await readFile(join(folder, `processed-${batchId}-0.jpg`), 'utf8')).toBe('second');
  });

  test('that are not published are not there', async () => {
    const folder = await temporaryFolder();
    const results = createResults(folder);
    await results.write(Buffer.from('written'));
    expect((await readdir(folder)).filter((name) => !name.endsWith(UNFINISHED))).toEqual([]);
  });

  test('that cannot be stored leave nothing either', async () => {
    const folder = join(await temporaryFolder(), 'file');
    await writeFile(folder, 'in the way');
    await expect(createResults(folder).write(Buffer.from('x'))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect((await stat(folder)).isFile()).toBe(true);

    const results = createResults(await temporaryFolder());
    const written = await results.write(Buffer.from('x'));
    // A folder stands where the result should be.
    await mkdir(join(results.locate('id', 'jpeg'), 'in the way'), { recursive: true });
    await expect(results.publish(written, 'id', 'jpeg')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await readdir(join(results.locate('id', 'jpeg'), '..'))).toEqual(['processed-id.jpg']);
  });
});

test.each(['../outside', '/etc/passwd', '.', ''])('no path leads out of its folder: %p', (name) => {
  expect(() => pathInside('/some/folder', name)).toThrow('inside its folder');
});

test('only what was left unfinished long ago is removed', async () => {
  const folder = await temporaryFolder();
  const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
  await mkdir(join(folder, `old${UNFINISHED}`));
  await writeFile(join(folder, `old${UNFINISHED}`, '0'), 'x');
  await writeFile(join(folder, `new${UNFINISHED}`), 'x');
  await writeFile(join(folder, 'finished'), 'x');
  for (const name of [`old${UNFINISHED}`, 'finished']) await utimes(join(folder, name), longAgo, longAgo);
  expect(await removeAbandoned(folder)).toBe(1);
  expect((await readdir(folder)).sort()).toEqual(['finished', `new${UNFINISHED}`]);
  expect(await removeAbandoned(join(folder, 'missing'))).toBe(0);
});
