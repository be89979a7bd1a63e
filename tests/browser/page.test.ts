import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
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
    await writeFile(join(folder, 'notes.jpg'), 'just text');
    await writeFile(join(folder, 'presets.json'), JSON.stringify({ avatar: { width: 64, height: 64 } }));
    service = await ownService({ WORKER_CONCURRENCY: '1' });
    ({ url } = await service.startApi());
    ({ url: presetsUrl } = await service.startApi({
      PRESETS_FILE: join(folder, 'presets.json'),
      PRESETS_ONLY: 'true',
    }));
    worker = await service.startWorker();
  });

  const files = (...names: string[]) => names.map((name) => join(folder, name));

  test('three pictures, one of them broken: progress, before and after, the reason, the archive, and nothing from elsewhere', async () => {
    const { page, faults } = await openPage(url);
    await page.setInputFiles('#files', files('one.jpg', "two's “best”.png", 'broken.jpg'));
    expect(await page.textContent('#send')).toBe('Process 3 images');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 3 images: done, with errors');
    expect(await page.textContent('#batch-status')).toBe('2 done, 1 failed, 0 remaining');
    expect(await page.textContent('.results .error')).toBe('truncated JPEG');
    // Both pictures are really shown, not only referred to.
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.pair img')];
      return images.length === 4 && images.every((image) => image.complete && image.naturalWidth > 0);
    });
    const curl = await page.textContent('#curl');
    expect(curl).toContain(`-F 'images=@"one.jpg"'`);
    expect(curl).toContain(`two'\\''s “best”.png`);
    expect(curl).toContain(`${url}/process-images`);

    const [archive] = await Promise.all([page.waitForEvent('download'), page.click('#archive')]);
    const zip = await readFile(await archive.path());
    expect(zip.subarray(0, 2).toString()).toBe('PK');
    for (const name of ['one.jpg', 'two', 'manifest.json']) expect(zip.includes(name)).toBe(true);
    const [single] = await Promise.all([page.waitForEvent('download'), page.click('text=Download >> nth=1')]);
    expect(single.suggestedFilename()).toBe('one.jpg');
    expect(faults).toEqual([]);
  });

  test('a reload in the middle leads back to the batch, which goes on live', async () => {
    const { page, faults } = await openPage(url);
    // However long the browser takes to load the page, the batch must not have ended by then.
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

  test('a refusal says why and keeps the choice', async () => {
    const { page } = await openPage(url);
    await page.setInputFiles('#files', files('one.jpg', 'notes.jpg'));
    await page.click('#send');
    await page.waitForSelector('#error:not([hidden])');
    expect(await page.textContent('#error')).toContain('"notes.jpg" is not an image');
    expect(await page.locator('#chosen li').count()).toBe(2);
    await page.click('text=Remove >> nth=1');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 1 image: done');
  });

  test('options are sent, by the keyboard alone', async () => {
    const { page, faults } = await openPage(url);
    await page.setInputFiles('#files', files('one.jpg'));
    await page.focus('summary');
    await page.keyboard.press('Enter');
    await page.focus('#width');
    await page.keyboard.type('100');
    await page.focus('#format');
    await page.keyboard.type('WebP');
    await page.focus('#send');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=Batch of 1 image: done');
    expect(await page.textContent('.pair figure:nth-child(2) figcaption')).toContain('100×75, WEBP');
    expect(await page.textContent('#curl')).toContain(`-F 'width=100' -F 'format=webp'`);
    expect(faults).toEqual([]);
  });

  test('presets can be chosen, and alone where nothing else is allowed', async () => {
    const { page, faults } = await openPage(presetsUrl);
    await page.waitForSelector('#preset-row:not([hidden])');
    expect(await page.isHidden('#options')).toBe(true);
    await page.selectOption('#preset', 'avatar');
    await page.setInputFiles('#files', files('one.jpg'));
    await page.click('#send');
    await page.waitForSelector('text=64×64, JPEG');
    expect(faults).toEqual([]);
  });

  test('where keys are wanted it asks for one, and again when that is not known', async () => {
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
    const [archive] = await Promise.all([page.waitForEvent('download'), page.click('#archive')]);
    expect((await readFile(await archive.path())).subarray(0, 2).toString()).toBe('PK');
    const [single] = await Promise.all([page.waitForEvent('download'), page.click('text=Download >> nth=1')]);
    expect(single.suggestedFilename()).toBe('one.jpg');
    // A reload in the same tab asks no more.
    await page.reload();
    await page.waitForSelector('text=Batch of 1 image: done');
    // The browser itself notes the two refusals that made the page ask.
    expect(faults.filter((fault) => !/401/.test(fault))).toEqual([]);
  });

  test('every field has a name for a screen reader, and every picture a text', async () => {
    const { page } = await openPage(url);
    const unnamed = await page.$$eval('input, select', (fields) =>
      fields.filter((field) => (field as HTMLInputElement).labels?.length !== 1).map(({ id }) => id),
    );
    expect(unnamed).toEqual([]);
    expect(await page.$$eval('img:not([alt])', (images) => images.length)).toBe(0);
    expect(await page.getAttribute('html', 'lang')).toBe('en');
  });

  test('it fits a phone, and follows a dark system', async () => {
    for (const dark of [false, true]) {
      const { page } = await openPage(url, { width: 360, height: 740, dark });
      await page.setInputFiles('#files', files('one.jpg', 'broken.jpg'));
      await page.click('#send');
      await page.waitForSelector('text=Batch of 2 images: done, with errors');
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground === 'rgb(20, 23, 28)').toBe(dark);
    }
  });

  test('its picture for the README', async () => {
    const { page } = await openPage(url, { width: 900, height: 760 });
    const scene = join(import.meta.dirname, '../../docs/images/before.jpg');
    await page.setInputFiles('#files', [scene, join(folder, 'broken.jpg')]);
    await page.click('#send');
    await page.waitForSelector('text=Batch of 2 images: done, with errors');
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.pair img')];
      return images.length === 2 && images.every((image) => image.complete && image.naturalWidth > 0);
    });
    // Only on request, since no two browsers draw alike to the byte.
    const shot = await page.screenshot();
    expect(shot.length).toBeGreaterThan(10_000);
    if (process.env.SCREENSHOTS) {
      await mkdir(process.env.SCREENSHOTS, { recursive: true });
      await writeFile(join(process.env.SCREENSHOTS, 'page.png'), shot);
    }
  });
});
