import { describeInBrowser, openPage } from '../support/browser.ts';
import { batchEnd, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { ownService } from '../support/service.ts';

const password = 'a long enough word';
const as = (given: string) => ({ headers: { Authorization: `Basic ${btoa(`anyone:${given}`)}` } });

let service: Awaited<ReturnType<typeof ownService>>;
let url: string;
beforeAll(async () => {
  service = await ownService();
  ({ url } = await service.startApi({ ADMIN_PASSWORD: password }));
});

test('shows the queues only with the password, and does not let anyone change them', async () => {
  const board = `${url}/admin/queues`;
  const batchId = await upload(url, ['a.jpg', await jpeg(64, 64)]);
  for (const init of [{}, as('another long word'), { headers: { Authorization: 'Basic !' } }]) {
    for (const path of ['', '/api/queues']) {
      const refused = await fetch(`${board}${path}`, init);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('WWW-Authenticate')).toContain('Basic');
      expect(await refused.text()).not.toContain(batchId);
    }
  }
  expect((await fetch(board, as(password))).status).toBe(200);
  const queues = await fetch(`${board}/api/queues?activeQueue=images`, as(password));
  expect(await queues.text()).toContain(`${batchId}-0`);
  for (const [method, path] of [
    ['PUT', '/api/queues/images/pause'],
    ['PUT', `/api/queues/images/${batchId}-0/clean`],
    ['POST', '/api/queues/images/add'],
  ]) {
    expect((await fetch(`${board}${path}`, { ...as(password), method: method ?? '' })).status).toBe(405);
  }
});

test('responds 404 without ADMIN_PASSWORD', async () => {
  const { url: withoutAdmin } = await service.startApi();
  expect((await fetch(`${withoutAdmin}/admin/queues`)).status).toBe(404);
});

describeInBrowser('the board', () => {
  test('is a page that runs under its content security policy', async () => {
    await service.startWorker();
    await batchEnd(url, await upload(url, ['a.jpg', await jpeg(64, 64)]));
    const { page, faults } = await openPage(
      `${url.replace('://', `://anyone:${encodeURIComponent(password)}@`)}/admin/queues`,
    );
    await page.locator('a[href*="queue/images"]').first().waitFor();
    await page.goto(`${url}/admin/queues/queue/images?status=completed`);
    await page.locator('text=a.jpg').first().waitFor();
    expect(faults).toEqual([]);
  });
});
