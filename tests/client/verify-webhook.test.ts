import { AsyncImages, verifyWebhook } from '../../client/src/index.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { startReceiver, webhookSettings } from '../support/receiver.ts';
import { ownService } from '../support/service.ts';

const secret = webhookSettings.WEBHOOK_SECRETS;
const otherSecret = `whsec_${Buffer.alloc(32, 'x').toString('base64')}`;

test('verifies a webhook that the service has sent, and refuses changed, foreign and old ones', async () => {
  const service = await ownService(webhookSettings);
  const [{ url: baseUrl }] = await Promise.all([service.startApi(), service.startWorker()]);
  const { calls, url } = await startReceiver();
  const file = new File([new Uint8Array(await jpeg(32, 32))], 'a.jpg');
  let batchId: string | null = null;
  for await (const image of new AsyncImages({ baseUrl }).process([file], { webhook: url })) batchId = image.batchId;
  await until(() => calls.length > 0);
  const [{ headers, body } = { headers: {}, body: '' }] = calls;

  const event = await verifyWebhook(secret, headers, body);
  expect(event).toMatchObject({ type: 'batch.completed', data: { batchId } });
  expect(await verifyWebhook([otherSecret, secret], new Headers(headers), Buffer.from(body))).toEqual(event);

  const refused = { code: 'WEBHOOK_INVALID' };
  await expect(verifyWebhook(otherSecret, headers, body)).rejects.toMatchObject(refused);
  await expect(verifyWebhook(secret, headers, body.replace('completed', 'failed'))).rejects.toMatchObject(refused);
  await expect(verifyWebhook(secret, {}, body)).rejects.toMatchObject(refused);
  const old = String(Number(headers['webhook-timestamp']) - 301);
  await expect(verifyWebhook(secret, { ...headers, 'webhook-timestamp': old }, body)).rejects.toMatchObject({
    message: expect.stringContaining('differs from the clock'),
  });
});
