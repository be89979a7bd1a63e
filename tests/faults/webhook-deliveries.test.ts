import { setTimeout as delay } from 'node:timers/promises';
import type { WebhookResponse } from '../../src/api/views/webhook.ts';
import { batchEnd, form } from '../support/client.ts';
import { faultTest, fullFaultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { startReceiver, webhookSettings } from '../support/receiver.ts';
import { ownService } from '../support/service.ts';

const KILLS = sized(2, 50);
/** From the upload to the end of a delivery a batch takes less than this on most machines. */
const MAX_DELAY_MS = 200;

async function uploadWith(api: string, webhook: string, image: Buffer): Promise<string> {
  const body = form([['a.jpg', image]]);
  body.append('webhook', webhook);
  const response = await fetch(`${api}/process-images`, { method: 'POST', body });
  expect(response.status).toBe(202);
  return ((await response.json()) as { batchId: string }).batchId;
}

async function webhookOf(api: string, batchId: string): Promise<WebhookResponse> {
  return (await (await fetch(`${api}/batches/${batchId}/webhooks`)).json()) as WebhookResponse;
}

const delivered = (api: string, batchId: string) =>
  until(async () => {
    const webhook = await webhookOf(api, batchId);
    return webhook.state === 'delivered' && webhook;
  });

fullFaultTest(
  'Worker killed (`kill -9`) at random moments between an upload and the end of its webhook, 50 times',
  'Every batch is delivered at least once, and has exactly one delivery in its log',
  async () => {
    const service = await ownService({ ...webhookSettings, WORKER_CONCURRENCY: '1' });
    const [api, receiver, image] = [await service.startApi(), await startReceiver(), await jpeg(64, 64)];
    const choose = seeded(5);
    const batchIds: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const worker = await service.startWorker();
      batchIds.push(await uploadWith(api.url, receiver.url, image));
      await delay(choose(MAX_DELAY_MS));
      await worker.end('SIGKILL');
    }
    await service.startWorker();
    for (const batchId of batchIds) {
      const { attempts } = await delivered(api.url, batchId);
      expect(attempts.map(({ statusCode }) => statusCode)).toEqual([200]);
    }
    const received = new Set(receiver.calls.map(({ headers }) => headers['webhook-id']));
    expect(received).toEqual(new Set(batchIds.map((batchId) => `msg_${batchId}`)));
    return `${KILLS} kills: ${batchIds.length} of ${batchIds.length} batches delivered, in ${receiver.calls.length} calls; one delivery in each log`;
  },
);

faultTest(
  'A receiver of 20 webhooks that never responds, beside a receiver of 100 others',
  'All 100 webhooks are delivered at their first attempt while the other 20 are pending; images are processed meanwhile',
  async () => {
    const patient = { ...webhookSettings, WEBHOOK_RETRY_DELAYS: '3600' };
    const service = await ownService({ ...patient, WORKER_CONCURRENCY: '1' });
    const [api, silent, quick] = [await service.startApi(), await startReceiver(() => 'never'), await startReceiver()];
    await service.startWorker();
    const image = await jpeg(64, 64);
    const stuck: string[] = [];
    for (let count = 0; count < sized(6, 20); count += 1) stuck.push(await uploadWith(api.url, silent.url, image));
    await until(() => silent.calls.length > 0);
    const others: string[] = [];
    for (let count = 0; count < sized(8, 100); count += 1) others.push(await uploadWith(api.url, quick.url, image));
    for (const batchId of others) {
      expect((await batchEnd(api.url, batchId)).status).toBe('completed');
      expect((await delivered(api.url, batchId)).attempts).toHaveLength(1);
    }
    // At most five calls at a time.
    const states = await Promise.all(stuck.map((batchId) => webhookOf(api.url, batchId)));
    expect(states.map(({ state }) => state)).toEqual(stuck.map(() => 'pending'));
    return `${others.length} of ${others.length} delivered; ${silent.calls.length} calls to the other receiver meanwhile`;
  },
);
