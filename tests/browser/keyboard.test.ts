import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { holdNextImage } from '../support/descendants.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import type { TestProcess } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

/** More than the elements of the longest page. */
const MAX_TABS = 200;

/** Presses Tab until an element has the focus, which must be visible. */
async function tabTo(page: Page, selector: string) {
  await page.waitForSelector(selector, { state: 'attached' });
  for (let at = 0; at < MAX_TABS; at += 1) {
    await page.keyboard.press('Tab');
    const isThere = await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
    if (!isThere) continue;
    const isVisible = await page.evaluate(() => {
      const { activeElement } = document;
      if (!activeElement?.closest('.choice')) return getComputedStyle(activeElement as Element).outlineStyle !== 'none';
      // The button that stands for a hidden field shows its focus, and so differs from the other one.
      const buttons = [...document.querySelectorAll('.choice .button')];
      return new Set(buttons.map((button) => getComputedStyle(button).borderColor)).size === buttons.length;
    });
    expect([selector, isVisible]).toEqual([selector, true]);
    return;
  }
  throw new Error(`${MAX_TABS} times Tab did not lead to ${selector}`);
}

async function pressOn(page: Page, selector: string, key = 'Enter') {
  await tabTo(page, selector);
  await page.keyboard.press(key);
}

const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('aria-label'));

// The mouse is never used here.
describeInBrowser('with the keyboard alone, the page', () => {
  let url: string;
  let folder: string;
  let worker: TestProcess;

  beforeAll(async () => {
    folder = await temporaryFolder();
    for (const name of ['one.jpg', 'two.jpg']) await writeFile(join(folder, name), await jpeg(400, 300));
    await writeFile(join(folder, 'broken.jpg'), await truncatedJpeg());
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    [{ url }, worker] = await Promise.all([service.startApi(), service.startWorker()]);
  });

  async function choose(page: Page, ...names: string[]) {
    // The listener comes first: it takes a moment until the browser reports file choosers.
    page.once('filechooser', (chooser) => chooser.setFiles(names.map((name) => join(folder, name))));
    await pressOn(page, '#files');
  }

  test('chooses, removes, sends with options, cancels, retries and starts again', async () => {
    const { page, faults } = await openPage(url);
    await choose(page, 'one.jpg', 'two.jpg', 'broken.jpg');
    await pressOn(page, '[aria-label="Remove two.jpg"]');
    await page.waitForSelector('text=Process 2 images');
    expect(await focused(page)).toBe('files');
    await pressOn(page, '#options > summary');
    await tabTo(page, '#width');
    await page.keyboard.type('60');
    const release = await holdNextImage(worker, url);
    await pressOn(page, '#send');
    await page.waitForSelector('text=/Batch of 2 images: (waiting|in progress)/');
    expect(await focused(page)).toBe('batch-title');
    await pressOn(page, '#cancel');
    await page.waitForSelector('text=Batch of 2 images: done, with errors');
    release();
    await pressOn(page, '#retry');
    await page.waitForSelector('text=60×45');
    expect(await focused(page)).toBe('batch-title');
    await pressOn(page, '#another');
    await page.waitForSelector('#upload:not([hidden])');
    expect(await focused(page)).toBe('files');
    expect(faults).toEqual([]);
  });

  test('compares, selects, copies, processes a selection again, deletes, and opens a recent batch', async () => {
    const { page, faults } = await openPage(url);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await choose(page, 'one.jpg', 'two.jpg');
    await pressOn(page, '#send');
    await page.waitForSelector('text=Batch of 2 images: done');
    await pressOn(page, '.view');
    await page.waitForSelector('text=one.jpg · 1 of 2');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('text=two.jpg · 2 of 2');
    await tabTo(page, '#viewer-split');
    await page.keyboard.press('End');
    await pressOn(page, '#viewer-zoom');
    await pressOn(page, '#viewer-close');
    expect(await focused(page)).toBe('Compare one.jpg with the original');
    await tabTo(page, '[aria-label="Select two.jpg"]');
    await page.keyboard.press('Space');
    await page.waitForSelector('text=1 image selected');
    await pressOn(page, '#copy-selected');
    await page.waitForSelector('text=Copied');
    await pressOn(page, '#copy');
    await pressOn(page, '#layout-grid');
    await pressOn(page, '#reprocess-selected');
    await page.waitForSelector('text=Choose other options for 1 image of the batch.');
    await pressOn(page, '#send');
    await page.waitForSelector('text=Batch of 1 image: done');
    await pressOn(page, '#recent-list li:nth-child(2) a');
    await page.waitForSelector('text=Batch of 2 images: done');
    page.once('dialog', (dialog) => dialog.accept());
    await pressOn(page, '#delete');
    await page.waitForSelector('#upload:not([hidden])');
    expect(await page.locator('#recent-list li').count()).toBe(1);
    expect(faults).toEqual([]);
  });
});
