import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { readBatch, upload } from '../support/client.ts';
import { testImage, truncatedJpeg } from '../support/images.ts';
import { ownService } from '../support/service.ts';

const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Returns the rules of axe-core that the page violates now. */
async function violations(page: Page): Promise<unknown[]> {
  await page.evaluate(await axe);
  return page.evaluate(async () => {
    const { axe: checker } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations: found } = await checker.run();
    return found.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
  });
}

describeInBrowser('the page shows', () => {
  let url: string;
  let folder: string;
  const files = (...names: string[]) => names.map((name) => join(folder, name));

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeFile(join(folder, 'one.jpg'), await testImage(800, 600).jpeg().toBuffer());
    await writeFile(join(folder, 'two.png'), await testImage(600, 800).png().toBuffer());
    await writeFile(join(folder, 'broken.jpg'), await truncatedJpeg());
    await writeFile(join(folder, 'notes.jpg'), 'text');
    const service = await ownService();
    [{ url }] = await Promise.all([service.startApi(), service.startWorker()]);
  });

  async function openBatch(page: Page, ...names: string[]) {
    await page.setInputFiles('#files', files(...names));
    await page.waitForSelector('#send:not([disabled])');
    await page.click('#send');
    await page.waitForSelector('text=/Batch of .*: done/');
  }

  test('before and after, with sizes, a slider, zoom and keys', async () => {
    const { page, faults } = await openPage(url);
    await openBatch(page, 'one.jpg', 'two.png', 'broken.jpg');
    await page.click('.view >> nth=0');
    await page.waitForSelector('text=/Original: 800×600, .* Result: 512×384, .* % smaller/');
    expect(await page.textContent('#viewer-title')).toBe('one.jpg · 1 of 2');
    await page.focus('#viewer-split');
    await page.keyboard.press('Home');
    expect(await page.evaluate(() => document.getElementById('compare')?.style.getPropertyValue('--split'))).toBe('0%');
    await page.focus('#viewer-zoom');
    await page.keyboard.press('Enter');
    expect(await page.getAttribute('#viewer-zoom', 'aria-pressed')).toBe('true');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('text=two.png · 2 of 2');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#viewer', { state: 'hidden' });
    expect(faults).toEqual([]);
  });

  test('what can be done about a failure, with its detail folded away', async () => {
    const { page } = await openPage(url);
    await openBatch(page, 'broken.jpg');
    await page.waitForSelector('text=Copy or download it again.');
    expect(await page.isVisible('text=IMAGE_TRUNCATED')).toBe(false);
    await page.click('text=Technical detail');
    await page.waitForSelector('text=IMAGE_TRUNCATED');
  });

  test('a selection that can be downloaded and copied, as a list and as a grid', async () => {
    const { page, faults } = await openPage(url);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await openBatch(page, 'one.jpg', 'two.png');
    await page.click('#layout-grid');
    expect(await page.getAttribute('#layout-grid', 'aria-pressed')).toBe('true');
    await page.click('#select-all');
    await page.waitForSelector('text=2 images selected');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download-selected')]);
    expect(download.suggestedFilename()).toBe('one.jpg');
    await page.click('#copy-selected');
    await page.waitForSelector('text=Copied');
    const addresses = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
    expect(addresses).toHaveLength(2);
    expect((await fetch(addresses[0] ?? '')).headers.get('content-type')).toBe('image/jpeg');
    expect(faults).toEqual([]);
  });

  test('a selection of failed and finished images that can be processed again, retried and deleted', async () => {
    const { page } = await openPage(url);
    await openBatch(page, 'one.jpg', 'two.png', 'broken.jpg');
    const batch = page.url();
    await page.check('[aria-label="Select two.png"]');
    expect(await page.isHidden('#retry-selected')).toBe(true);
    await page.click('#reprocess-selected');
    await page.waitForSelector('text=Choose other options for 1 image of the batch.');
    await page.fill('#width', '30');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 1 image: done');
    await page.waitForSelector('text=30×40');

    await page.goto(batch);
    await page.waitForSelector('[aria-label="Retry broken.jpg"]');
    await page.click('[aria-label="Retry broken.jpg"]');
    await page.waitForSelector('text=Batch of 1 image: done, with errors');

    await page.goto(batch);
    await page.waitForSelector('text=Batch of 3 images: done');
    await page.click('#select-all');
    await page.waitForSelector('text=3 images selected');
    await page.uncheck('[aria-label="Select one.jpg"]');
    page.once('dialog', (dialog) => dialog.accept());
    await page.click('#delete-selected');
    await page.waitForFunction(() => document.querySelectorAll('.state').length === 3);
    await page.waitForSelector('text=deleted');
    expect(await page.locator('text=deleted').count()).toBe(2);
    expect(await page.locator('.view').count()).toBe(1);
  });

  test('the camera, the time and the colours that the service found', async () => {
    const { page } = await openPage(url);
    await page.setInputFiles('#files', files('one.jpg'));
    await page.click('summary');
    await page.locator('summary', { hasText: 'Original' }).press('Enter');
    await page.selectOption('#info', 'true');
    await page.click('#send');
    await page.waitForSelector('.results .swatch');
    expect(await page.getAttribute('.results .palette', 'aria-label')).toMatch(/^Colours: #[0-9a-f]{6}/);
    await page.click('.view');
    await page.waitForSelector('#viewer-info .swatch');
  });

  test('the same request in three languages', async () => {
    const { page } = await openPage(url);
    await openBatch(page, 'one.jpg');
    for (const [language, text] of [
      ['curl', "curl -F 'images=@"],
      ['JavaScript', "form.append('images', await openAsBlob("],
      ['Python', 'requests.post('],
    ] as const) {
      await page.click(`#code-languages >> text=${language}`);
      expect(await page.textContent('#curl')).toContain(text);
    }
  });

  test('a thousand results, of which it loads only those that are seen', async () => {
    const { page, faults } = await openPage(url);
    const { batchId } = { batchId: await upload(url, ['one.jpg', await readFile(join(folder, 'one.jpg'))]) };
    await page.goto(`${url}/#${batchId}`);
    await page.waitForSelector('text=Batch of 1 image: done');
    const batch = (await readBatch(url, batchId)) as BatchResponse;
    const [file] = batch.files;
    const many = Array.from({ length: 1000 }, (_, at) => ({ ...file, jobId: `${batchId}-${at}` }));
    const status = { ...batch, progress: { ...batch.progress, total: 1000, completed: 1000 }, files: many };
    await page.route('**/events', (route) =>
      route.fulfill({ contentType: 'text/event-stream', body: `event: done\ndata: ${JSON.stringify(status)}\n\n` }),
    );
    await page.reload();
    await page.waitForSelector('text=Batch of 1000 images: done');
    await page.waitForSelector('.view');
    expect(await page.locator('#results > li').count()).toBe(1000);
    expect(await page.locator('#results img').count()).toBeLessThan(100);
    await page.locator('#results > li').last().scrollIntoViewIfNeeded();
    await page.locator('#results > li').last().locator('.title').waitFor();
    // The originals of the copies do not exist.
    expect(faults.filter((fault) => !/404/.test(fault))).toEqual([]);
  });

  test('no violation of axe-core in any state, in both colour schemes and widths', async () => {
    for (const width of [1280, 390]) {
      const { page } = await openPage(url, { width, height: 800 });
      const check = async (state: string) => {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          expect([state, await violations(page)]).toEqual([state, []]);
        }
      };
      await check('empty');
      await page.setInputFiles('#files', files('one.jpg', 'broken.jpg', 'notes.jpg'));
      await page.click('summary');
      await page.waitForSelector('#width');
      await check('chosen, with options');
      await page.route('**/process-images', () => undefined);
      await page.click('#send');
      await page.waitForSelector('#sending:not([hidden])');
      await check('sending');
      await page.click('#sending-pause');
      await check('paused');
      await page.unroute('**/process-images');
      await page.click('#sending-resume');
      await page.waitForSelector('text=Batch of 2 images: done, with errors');
      await page.waitForSelector('.view');
      await check('results');
      await page.click('.view >> nth=0');
      await page.waitForSelector('text=/% smaller/');
      await check('viewer');
      await page.click('#viewer-close');
      await page.click('#layout-grid');
      await page.click('#select-all');
      await page.waitForSelector('text=2 images selected');
      await check('grid with a selection');
      await page.click('#reprocess-selected');
      await check('process again');
      await page.goto(`${url}/#${randomUUID()}`);
      await page.waitForSelector('text=There is no batch');
      await check('missing');
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    }
  });
});
