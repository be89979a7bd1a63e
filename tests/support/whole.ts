import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { UNFINISHED } from '../../src/storage/local/unfinished.ts';
import type { TestRedis } from './redis.ts';

/** Name of the file that contains the id of the storage. */
export const ID_FILE = '.storage-id';

/** Lists a storage folder, without the id file. */
export async function storedNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name !== ID_FILE).sort();
}

/** Lists a storage folder, without the id file and unfinished files. */
export async function finishedNames(folder: string): Promise<string[]> {
  return (await storedNames(folder)).filter((name) => !name.endsWith(UNFINISHED));
}

/** Names of the JPEGs that a file must have: none if it failed, otherwise one, or one per variant. */
function resultNames({ jobId, state, result }: BatchResponse['files'][number]): string[] {
  if (state === 'failed') return [];
  return (result?.outputs ?? [undefined]).map(
    (variant) => `processed-${jobId}${variant ? `-${variant.name}` : ''}.jpg`,
  );
}

/** Expects exactly one complete result per file and variant of the batches, and no other result. Decodes each of them. */
export async function expectOneResultEach(folder: string, batches: readonly BatchResponse[]): Promise<void> {
  const names = await finishedNames(folder);
  expect(names).toEqual(batches.flatMap(({ files }) => files.flatMap(resultNames)).sort());
  for (const name of names) {
    await sharp(join(folder, name), { failOn: 'warning' })
      .raw()
      .toBuffer()
      .catch((error) => {
        throw new Error(`${name} is incomplete: ${error.message}`);
      });
  }
}

/** Reads all keys in one script, so that nothing changes meanwhile. */
const allKeys = `
  local batches = {}
  for _, key in ipairs(redis.call('KEYS', '{images}:batches:*')) do
    if redis.call('TYPE', key).ok == 'hash' then
      table.insert(batches, {key, redis.call('HGET', key, 'data')})
    end
  end
  return {batches, redis.call('KEYS', '{images}:images:*')}`;

/**
 * Expects every batch in Redis to have the jobs of all its files, and every job to have its batch.
 *
 * @returns the ids of all batches
 */
export async function expectNoHalfBatch({ url }: Pick<TestRedis, 'url'>): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const [batches, keys] = (await redis.eval(allKeys, 0)) as [[string, string?][], string[]];
    const batchIds: string[] = [];
    const wanted: string[] = [];
    for (const [key, data = '{}'] of batches) {
      const [batchId] = /[\da-f-]{36}$/.exec(key) ?? [];
      if (!batchId) continue;
      batchIds.push(batchId);
      for (let index = 0; index < JSON.parse(data).total; index += 1) wanted.push(`${batchId}-${index}`);
    }
    const jobIds = keys.flatMap((key) => /[\da-f-]{36}-\d+$/.exec(key) ?? []);
    expect(jobIds.sort()).toEqual(wanted.sort());
    return batchIds;
  } finally {
    redis.disconnect();
  }
}
