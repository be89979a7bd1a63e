import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, upload } from '../support/client.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { startClients } from '../support/load.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { expectNoHalfBatch, finishedNames } from '../support/whole.ts';

const KILLS = sized(2, 10);

fullFaultTest(
  'Redis killed (`kill -9`) while four clients retry and reprocess a batch, ten times',
  'Every acknowledged batch ends with all its files; no batch in Redis is ever incomplete; a cleanup job knows all originals without a batch',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    const [api] = await Promise.all([service.startApi(), service.startWorker()]);
    const source = await upload(api.url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await truncatedJpeg()]);
    await batchEnd(api.url, source);
    const load = startClients(
      (client) =>
        fetch(`${api.url}/batches/${source}/${client % 2 === 0 ? 'retry' : 'reprocess'}`, {
          method: 'POST',
          headers: { 'Idempotency-Key': randomUUID() },
        }),
      { clients: 4, pauseMs: 50 },
    );
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = load.accepted.length;
      await until(() => load.accepted.length > before + 2);
      await service.redis.kill();
      await delay(200);
      await service.redis.restart();
      await expectNoHalfBatch(service.redis);
    }
    await load.stop();
    await until(async () => (await fetch(`${api.url}/readyz`)).ok);
    for (const batchId of load.accepted) {
      const { status, sourceBatchId } = await batchEnd(api.url, batchId);
      expect([status, sourceBatchId]).toEqual(['completed-with-errors', source]);
    }
    const redis = new Redis(service.redis.url);
    onCleanup(() => redis.disconnect());
    // Redis died before it confirmed these batches. Their originals stay until a cleanup job removes them.
    const unconfirmed = await redis.zrange('{images}:incoming', '0', '-1');
    const known = new Set([...(await expectNoHalfBatch(service.redis)), ...unconfirmed]);
    expect((await finishedNames(service.uploadDir)).filter((name) => !known.has(name))).toEqual([]);
    return `${KILLS} kills, ${load.accepted.length} of ${load.accepted.length} acknowledged batches ended, ${load.refused.length} requests refused`;
  },
);
