import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page, Route } from 'playwright-core';
import sharp from 'sharp';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { holdNextImage } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import type { TestProcess } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

const MAX_FILE_BYTES = 60_000;

describeInBrowser('the page sends', () => {
  let url: string;
  let folder: string;
  let worker: TestProcess;
  let service: Awaited<ReturnType<typeof ownService>>;
  const paths: string[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(join(folder, 'album/inner'), { recursive: true });
    for (let at = 0; at < 7; at += 1) {
      const name = at < 4 ? `album/${at}.jpg` : `album/inner/${at}.jpg`;
      await writeFile(join(folder, name), await jpeg(120 + at, 90));
      paths.push(join(folder, name));
    }
    await writeFile(join(folder, 'notes.jpg'), 'just text');
    await writeFile(join(folder, 'empty.jpg'), '');
    await writeFile(join(folder, 'large.jpg'), Buffer.concat([await jpeg(), Buffer.alloc(MAX_FILE_BYTES)]));
    await writeFile(join(folder, 'phone.heic'), Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'));
    const frames = ['#000000', '#ffffff'].map((background) =>
      sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .png()
        .toBuffer(),
    );
    const animation = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    await writeFile(join(folder, 'moving.gif'), animation);
    const settings = { MAX_FILES: '3', MAX_FILE_BYTES: String(MAX_FILE_BYTES), WORKER_CONCURRENCY: '1' };
    service = await ownService(settings);
    [{ url }, worker] = await Promise.all([service.startApi(), service.startWorker()]);
  });

  const choose = (page: Page, ...names: string[]) =>
    page.setInputFiles(
      '#files',
      names.map((name) => join(folder, name)),
    );

  test('all images of a folder in as many batches as needed, and shows them as one', async () => {
    const { page, faults } = await openPage(url);
    await page.setInputFiles('#folder', join(folder, 'album'));
    await page.waitForSelector('text=Process 7 images');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 7 images: done');
    expect(new URL(page.url()).hash.split(',')).toHaveLength(3);
    expect(await page.locator('.archive').count()).toBe(3);
    await page.reload();
    await page.waitForSelector('text=Batch of 7 images: done');
    expect(faults).toEqual([]);
  });

  test('only what the service accepts, and says of the rest why when it is chosen', async () => {
    const { page, faults } = await openPage(url);
    await choose(page, 'album/0.jpg', 'notes.jpg', 'empty.jpg', 'large.jpg', 'phone.heic', 'moving.gif');
    await choose(page, 'album/0.jpg');
    await page.waitForSelector('text=5 images will be left out');
    const rows = await page.locator('#chosen li').allTextContents();
    for (const [at, reason] of [
      [1, 'not an image of an accepted format'],
      [2, 'is empty'],
      [3, 'larger than the limit of 59 KiB'],
      [4, 'Export it as JPEG'],
      [5, 'its first frame is used'],
      [6, 'was chosen twice'],
    ] as const) {
      expect(rows[at]).toContain(reason);
    }
    await page.click('text=Process 2 images');
    await page.waitForSelector('text=Batch of 2 images: done');
    expect(faults).toEqual([]);
  });

  test('a file once, if it is chosen again before the first choice was checked', async () => {
    const { page } = await openPage(url);
    const heldRequest = new Promise<Route>((resolve) => void page.route('**/presets', resolve));
    await page.reload({ waitUntil: 'domcontentloaded' });
    await choose(page, 'album/0.jpg', 'album/1.jpg');
    await choose(page, 'album/0.jpg');
    await (await heldRequest).continue();
    await page.waitForSelector('text=0.jpg was chosen twice');
    expect(await page.locator('#chosen .problem').count()).toBe(1);
  });

  test('what is dropped anywhere or pasted', async () => {
    const { page, faults } = await openPage(url);
    const content = [...(await jpeg(50, 40))];
    for (const [type, member] of [
      ['drop', 'dataTransfer'],
      ['paste', 'clipboardData'],
    ] as const) {
      await page.evaluate(
        ([bytes, event, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], `${event}.jpg`, { type: 'image/jpeg' }));
          const Kind = event === 'drop' ? DragEvent : ClipboardEvent;
          document.body.dispatchEvent(new Kind(event, { [name]: transfer, bubbles: true, cancelable: true }));
        },
        [content, type, member] as const,
      );
      await page.waitForSelector(`text=${type}.jpg`);
    }
    expect(await page.textContent('#send')).toBe('Process 2 images');
    expect(faults).toEqual([]);
  });

  test('goes on after a pause, a lost connection and a reload, and makes no batch twice', async () => {
    const { page } = await openPage(url);
    const keys: string[] = [];
    let isBlocked = true;
    await page.route('**/process-images', async (route) => {
      keys.push(route.request().headers()['idempotency-key'] ?? '');
      // The service accepts the second batch, but the response is lost.
      if (keys.length === 2) await route.fetch();
      return keys.length >= 2 && isBlocked ? route.abort() : route.continue();
    });
    await page.setInputFiles('#files', paths);
    await page.waitForSelector('text=Process 7 images');
    await page.click('#send');
    await page.waitForSelector('text=Trying again in');
    await page.click('#sending-pause');
    await page.waitForSelector('text=Paused.');
    page.once('dialog', (dialog) => dialog.accept());
    await page.reload();
    await page.waitForSelector('text=4 images of your last visit were not sent.');
    isBlocked = false;
    await page.click('#unsent-resume');
    await page.waitForSelector('text=Batch of 7 images: done');
    expect(new Set(keys).size).toBe(3);
    expect(new URL(page.url()).hash.split(',')).toHaveLength(3);
  });

  test('leaves out what the service refuses, and continues with the rest', async () => {
    const { page } = await openPage(url);
    await page.route('**/process-images', async (route) => {
      if (!route.request().postData()?.includes('1.jpg')) return route.continue();
      const detail = '"1.jpg" is not an image of an accepted format';
      const problem = { code: 'UNSUPPORTED_FILE_TYPE', detail };
      return route.fulfill({ status: 415, contentType: 'application/problem+json', body: JSON.stringify(problem) });
    });
    await page.setInputFiles('#files', paths.slice(0, 3));
    await page.click('text=Process 3 images');
    await page.waitForSelector('#sending-error:not([hidden])');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('sending-error');
    await page.click('text=Skip it and continue');
    await page.waitForSelector('text=Batch of 2 images: done');
  });

  test('shows an invalid option in the form, with the chosen images', async () => {
    const { page } = await openPage(url);
    const problem = { code: 'INVALID_OPTION', detail: 'width must be a whole number from 1 to 4096' };
    await page.route('**/process-images', (route) =>
      route.fulfill({ status: 400, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    await choose(page, 'album/0.jpg');
    await page.click('#send');
    await page.waitForSelector('#error:not([hidden])');
    expect(await page.textContent('#error')).toContain('width must be');
    expect(await page.locator('#chosen li').count()).toBe(1);
  });

  test('asks before it is left in the middle, and cancels', async () => {
    const { page } = await openPage(url);
    await page.route('**/process-images', () => undefined);
    await choose(page, 'album/0.jpg');
    await page.click('#send');
    await page.waitForSelector('#sending:not([hidden])');
    const asked = page.waitForEvent('dialog');
    const leaving = page.goto('about:blank').catch(() => undefined);
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    await leaving;
    await page.click('#sending-cancel');
    await page.waitForSelector('#upload:not([hidden])');
    expect(await page.locator('#chosen li').count()).toBe(1);
  });

  test('clears what belongs to another batch, and forgets one that is gone', async () => {
    const { page } = await openPage(url);
    await choose(page, 'album/0.jpg');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 1 image: done');
    await page.evaluate((id) => {
      location.hash = id;
    }, randomUUID());
    await page.waitForFunction(() =>
      /does not exist|unknown|no batch/i.test(document.getElementById('batch-status')?.textContent ?? ''),
    );
    for (const id of ['#archives', '#batch-progress', '#reprocess', '#tools'])
      expect(await page.isHidden(id)).toBe(true);
    expect(await page.locator('#results li').count()).toBe(0);
    await page.goBack();
    await page.waitForSelector('text=Batch of 1 image: done');
    page.once('dialog', (dialog) => dialog.accept());
    await page.click('#delete');
    await page.waitForSelector('#upload:not([hidden])');
    expect(await page.locator('#recent-list li').count()).toBe(0);
  });

  // The last test, since it ends the worker.
  test('says how far it is in the tab, and that no worker is connected', async () => {
    const { page } = await openPage(url);
    const release = await holdNextImage(worker, url);
    await choose(page, 'album/0.jpg', 'album/1.jpg');
    await page.click('text=Process 2 images');
    await page.waitForSelector('text=Batch of 2 images: in progress');
    expect(await page.title()).toMatch(/^\d+ % · /);
    expect(await page.getAttribute('link[rel="icon"]', 'href')).toMatch(/^data:image\/svg/);
    release();
    await page.waitForSelector('text=Batch of 2 images: done');
    expect(await page.title()).toBe('Async image service');

    await worker.end();
    await page.click('#another');
    await choose(page, 'album/0.jpg');
    await page.click('#send');
    await page.waitForSelector('text=No worker is connected');
    worker = await service.startWorker();
    await page.waitForSelector('text=Batch of 1 image: done');
  });
});
