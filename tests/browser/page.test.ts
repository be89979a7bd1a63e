import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, upload } from '../support/client.ts';
import { holdNextImage } from '../support/descendants.ts';
import { jpeg, testImage, truncatedJpeg } from '../support/images.ts';
import type { TestProcess } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

describeInBrowser('the page', () => {
  let url: string;
  let presetsUrl: string;
  let folder: string;
  let service: Awaited<ReturnType<typeof ownService>>;
  let worker: TestProcess;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeFile(join(folder, 'one.jpg'), await jpeg(800, 600));
    await writeFile(join(folder, "two's “best”.png"), await testImage(600, 800).png().toBuffer());
    await writeFile(join(folder, 'broken.jpg'), await truncatedJpeg());
    await writeFile(join(folder, 'presets.json'), JSON.stringify({ avatar: { width: 64, height: 64 } }));
    service = await ownService({ WORKER_CONCURRENCY: '1' });
    const presets = { PRESETS_FILE: join(folder, 'presets.json'), PRESETS_ONLY: 'true' };
    [{ url }, { url: presetsUrl }, worker] = await Promise.all([
      service.startApi(),
      service.startApi(presets),
      service.startWorker(),
    ]);
  });

  const files = (...names: string[]) => names.map((name) => join(folder, name));

  test('shows the progress, the results, the reason of a failure and the archive, and loads nothing from other hosts', async () => {
    const { page, faults } = await openPage(url);
    await page.setInputFiles('#files', files('one.jpg', "two's “best”.png", 'broken.jpg'));
    await page.waitForSelector('text=Process 3 images');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 3 images: done, with errors');
    expect(await page.textContent('#batch-status')).toBe('2 done, 1 failed, 0 remaining');
    expect(await page.textContent('.results .error')).toBe('truncated JPEG');
    // Both images are loaded, not only referenced.
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.pair img')];
      return images.length === 4 && images.every((image) => image.complete && image.naturalWidth > 0);
    });
    const curl = await page.textContent('#curl');
    expect(curl).toContain(`-F 'images=@"one.jpg"'`);
    expect(curl).toContain(`two'\\''s “best”.png`);
    expect(curl).toContain(`${url}/process-images`);

    const [archive] = await Promise.all([page.waitForEvent('download'), page.click('.archive')]);
    const zip = await readFile(await archive.path());
    expect(zip.subarray(0, 2).toString()).toBe('PK');
    for (const name of ['one.jpg', 'two', 'manifest.json']) expect(zip.includes(name)).toBe(true);
    const [single] = await Promise.all([page.waitForEvent('download'), page.click('.pair a >> nth=0')]);
    expect(single.suggestedFilename()).toBe('one.jpg');
    expect(faults).toEqual([]);
  });

  test('shows the same batch after a reload, and goes on with live updates', async () => {
    const { page, faults } = await openPage(url);
    // The batch must not end before the browser has loaded the page, however long that takes.
    const release = await holdNextImage(worker, url);
    await page.setInputFiles('#files', files('one.jpg', "two's “best”.png"));
    await page.click('#send');
    await page.waitForSelector('text=Batch of 2 images: in progress');
    await page.reload();
    await page.waitForSelector('text=Batch of 2 images: in progress');
    release();
    await page.waitForSelector('text=Batch of 2 images: done');
    expect(await page.locator('#recent-list li').count()).toBe(1);
    await page.click('#another');
    await page.waitForSelector('#upload:not([hidden])');
    await page.click('#recent-list a');
    await page.waitForSelector('text=Batch of 2 images: done');
    expect(faults).toEqual([]);
  });

  test('cancels a batch, retries its failed images, and processes them again with other options', async () => {
    const { page, faults } = await openPage(url);
    const release = await holdNextImage(worker, url);
    await page.setInputFiles('#files', files('one.jpg', "two's “best”.png"));
    await page.click('#send');
    await page.click('#cancel');
    await page.waitForSelector('text=Batch of 2 images: done, with errors');
    expect(await page.textContent('.results .error')).toBe('the batch was cancelled');
    release();
    await page.click('#retry');
    await page.waitForSelector('text=Batch of 2 images: done');
    await page.waitForSelector('text=2 done, 0 failed');
    const retried = page.url();
    await page.click('#reprocess');
    expect(await page.textContent('#source')).toBe('Choose other options for 2 images of the batch.');
    await page.fill('#width', '40');
    await page.click('#send');
    await page.waitForFunction((before) => location.href !== before, retried);
    await page.waitForSelector('text=40×30');
    expect(await page.locator('#recent-list li').count()).toBeGreaterThanOrEqual(3);
    expect(faults).toEqual([]);
  });

  test('lists the batch of a retry, if the retry of another batch fails', async () => {
    const { page } = await openPage(url);
    const broken = await readFile(join(folder, 'broken.jpg'));
    const [kept, deleted] = [await upload(url, ['kept.jpg', broken]), await upload(url, ['deleted.jpg', broken])];
    for (const batchId of [kept, deleted]) await batchEnd(url, batchId);
    await page.goto(`${url}/#${kept},${deleted}`);
    await page.waitForSelector('text=Batch of 2 images: done, with errors');
    await fetch(`${url}/batches/${deleted}`, { method: 'DELETE' });
    await page.click('#retry');
    await page.waitForSelector('text=Only 1 of 2 batches could be made');
    await page.click('#recent-list a');
    await page.waitForSelector('text=Batch of 1 image: done, with errors');
  });

  test('sends options that were entered with the keyboard only', async () => {
    const { page, faults } = await openPage(url);
    await page.setInputFiles('#files', files('one.jpg'));
    await page.focus('summary');
    await page.keyboard.press('Enter');
    await page.focus('#width');
    await page.keyboard.type('100');
    await page.locator('summary', { hasText: 'File' }).press('Enter');
    await page.focus('#format');
    await page.keyboard.type('WebP');
    await page.focus('#send');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=Batch of 1 image: done');
    expect(await page.textContent('.pair figure:nth-child(2) figcaption')).toContain('100×75, WEBP');
    expect(await page.textContent('#curl')).toContain(`-F 'width=100' -F 'format=webp'`);
    expect(faults).toEqual([]);
  });

  test('offers presets, and hides the other options if only presets are allowed', async () => {
    const { page, faults } = await openPage(presetsUrl);
    await page.waitForSelector('#preset-row:not([hidden])');
    expect(await page.isHidden('#options')).toBe(true);
    await page.selectOption('#preset', 'avatar');
    await page.setInputFiles('#files', files('one.jpg'));
    await page.click('#send');
    await page.waitForSelector('text=64×64, JPEG');
    expect(faults).toEqual([]);
  });

  test('requests an API key if the service needs one, and again if it is wrong', async () => {
    const key = 'key-of-the-page';
    const hash = createHash('sha256').update(key).digest('hex');
    const { url: closedUrl } = await service.startApi({ API_KEYS: `page:${hash}` });
    const { page, faults } = await openPage(closedUrl);
    await page.fill('#key', 'another');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#key-rejected:visible');
    await page.fill('#key', key);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#key-dialog', { state: 'hidden' });
    await page.setInputFiles('#files', files('one.jpg'));
    await page.click('#send');
    await page.waitForSelector('text=Batch of 1 image: done');
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.pair img')];
      return images.length === 2 && images.every((image) => image.complete && image.naturalWidth > 0);
    });
    const [archive] = await Promise.all([page.waitForEvent('download'), page.click('.archive')]);
    expect((await readFile(await archive.path())).subarray(0, 2).toString()).toBe('PK');
    const [single] = await Promise.all([page.waitForEvent('download'), page.click('.pair a >> nth=0')]);
    expect(single.suggestedFilename()).toBe('one.jpg');
    // After a reload in the same tab no key is needed. The list comes from the service.
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.waitForSelector('text=Batches of this API key');
    expect(await page.textContent('#recent-list li a')).toBe('1 image');
    await page.waitForSelector('text=Batch of 1 image: done');
    // The browser itself reports the two 401 responses.
    expect(faults.filter((fault) => !/401/.test(fault))).toEqual([]);
  });

  test('names every field and every image for a screen reader', async () => {
    const { page } = await openPage(url);
    const unnamed = await page.$$eval('input, select', (fields) =>
      fields.filter((field) => (field as HTMLInputElement).labels?.length !== 1).map(({ id }) => id),
    );
    expect(unnamed).toEqual([]);
    expect(await page.$$eval('img:not([alt])', (images) => images.length)).toBe(0);
    expect(await page.getAttribute('html', 'lang')).toBe('en');
  });

  test('fits a phone, and follows the colour scheme of the system', async () => {
    const { page } = await openPage(url, { width: 360, height: 740 });
    await page.setInputFiles('#files', files('one.jpg', 'broken.jpg'));
    await page.click('#send');
    await page.waitForSelector('text=Batch of 2 images: done, with errors');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(background === 'rgb(20, 23, 28)').toBe(colorScheme === 'dark');
    }
  });

  const { SCREENSHOTS } = process.env;
  // Only on request, because no two browsers draw the same bytes.
  if (SCREENSHOTS) {
    test('draws its image for the README', async () => {
      const { page } = await openPage(url, { width: 900, height: 760 });
      const scene = join(import.meta.dirname, '../../docs/images/before.jpg');
      await page.setInputFiles('#files', [scene, join(folder, 'broken.jpg')]);
      await page.click('#send');
      await page.waitForSelector('text=Batch of 2 images: done, with errors');
      await page.waitForFunction(() => {
        const images = [...document.querySelectorAll<HTMLImageElement>('.pair img')];
        return images.length === 2 && images.every((image) => image.complete && image.naturalWidth > 0);
      });
      await mkdir(SCREENSHOTS, { recursive: true });
      await writeFile(join(SCREENSHOTS, 'page.png'), await page.screenshot());
    });
  }
});
