import type { Redis } from 'ioredis';

/** Ways to make the stored data of a batch unreadable. Each breaks one record of the batch in Redis. */
export const damages: Record<string, (admin: Redis, batchId: string) => Promise<unknown>> = {
  'broken JSON in the data of a file': (admin, id) => admin.hset(`{images}:images:${id}-0`, 'data', '{"batchId":'),
  'an unknown shape in the data of a file': (admin, id) => admin.hset(`{images}:images:${id}-0`, 'data', '[null]'),
  'broken JSON in the result of a file': (admin, id) => admin.hset(`{images}:images:${id}-0`, 'returnvalue', '{"wi'),
  'an unknown shape in the result of a file': (admin, id) => admin.hset(`{images}:images:${id}-0`, 'returnvalue', '7'),
  'a missing job of a file': (admin, id) => admin.del(`{images}:images:${id}-0`),
  'broken JSON in the data of the batch': (admin, id) => admin.hset(`{images}:batches:${id}`, 'data', '{"total":2'),
  'null as the data of the batch': (admin, id) => admin.hset(`{images}:batches:${id}`, 'data', 'null'),
  'a total of a million': (admin, id) => setTotal(admin, id, 1_000_000),
  'a total that is a string': (admin, id) => setTotal(admin, id, 'x'),
  'a timestamp that is not a number': (admin, id) => admin.hset(`{images}:batches:${id}`, 'timestamp', 'soon'),
};

/** Breaks the options of a file's job. Its status does not need them. */
export const breakOptions = (admin: Redis, batchId: string) =>
  admin.hset(`{images}:images:${batchId}-0`, 'opts', '{"at');

async function setTotal(admin: Redis, batchId: string, total: unknown): Promise<void> {
  const key = `{images}:batches:${batchId}`;
  const data = JSON.parse(String(await admin.hget(key, 'data')));
  await admin.hset(key, 'data', JSON.stringify({ ...data, total }));
}
