import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File, form } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

async function send(api: string, key: string, files: File[]) {
  const headers = { 'Idempotency-Key': key };
  const response = await fetch(`${api}/process-images`, { method: 'POST', body: form(files), headers });
  return {
    status: response.status,
    body: await response.json(),
    replayed: response.headers.get('idempotent-replayed'),
  };
}

faultTest(
  'The same upload sent 20 times at once with one `Idempotency-Key`, quoted and unquoted, 50 rounds',
  'Exactly one batch; each response repeats the first one or is 409; a different upload with that key is 422',
  async () => {
    const service = await ownService();
    const [api] = [await service.startApi(), await service.startWorker()];
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    const image = await jpeg(64, 64);
    const rounds = sized(1, 50);
    let conflicts = 0;
    for (let round = 0; round < rounds; round += 1) {
      const key = crypto.randomUUID();
      const headerValues = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? key : `"${key}"`));
      const responses = await Promise.all(headerValues.map((value) => send(api.url, value, [['a.jpg', image]])));
      const accepted = responses.filter(({ status }) => status === 202);
      expect(new Set(accepted.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect(accepted.filter(({ replayed }) => replayed === null)).toHaveLength(1);
      expect(responses.filter(({ status }) => status !== 202 && status !== 409)).toEqual([]);
      conflicts += responses.length - accepted.length;
      const again = await send(api.url, key, [['a.jpg', image]]);
      expect(again).toEqual({ ...accepted[0], replayed: 'true' });
      for (const other of [[['b.jpg', image]], [['a.jpg', await jpeg(65, 64)]]] as File[][]) {
        expect(await send(api.url, key, other)).toMatchObject({
          status: 422,
          body: { code: 'IDEMPOTENCY_KEY_REUSED' },
        });
      }
      await batchEnd(api.url, again.body.batchId);
    }
    expect(await storedNames(service.uploadDir)).toHaveLength(rounds);
    expect(await storedNames(service.processedDir)).toHaveLength(rounds);
    // The job of a batch completes a moment after the last of its files.
    await until(async () => (await admin.zcard('{images}:batches:completed')) === rounds);
    return `${rounds} rounds, ${rounds * 20} uploads: ${rounds} batches; ${conflicts} times 409`;
  },
);
