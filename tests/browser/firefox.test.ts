import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { findFirefox } from '../../scripts/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { describeIf } from '../support/describe-if.ts';
import { testImage, truncatedJpeg } from '../support/images.ts';
import { ownService } from '../support/service.ts';

const program = findFirefox();
const describeInFirefox = describeIf(
  program ? undefined : 'no Firefox was found, and none could be installed without a prompt',
);

// Playwright needs a Firefox of its own. Puppeteer drives the installed one, through WebDriver BiDi.
describeInFirefox('the page in Firefox', () => {
  let browser: Browser;
  let page: Page;
  let folder: string;
  const faults: string[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeFile(join(folder, 'one.jpg'), await testImage(800, 600).jpeg().toBuffer());
    await writeFile(join(folder, 'two.png'), await testImage(600, 800).png().toBuffer());
    await writeFile(join(folder, 'broken.jpg'), await truncatedJpeg());
    const service = await ownService();
    const [api] = await Promise.all([service.startApi(), service.startWorker()]);
    browser = await launch({ browser: 'firefox', executablePath: program ?? '', headless: true });
    page = await browser.newPage();
    // Images beyond the window are not loaded.
    await page.setViewport({ width: 1100, height: 2000 });
    page.setDefaultTimeout(90_000);
    page.on('pageerror', (error) => {
      const { message } = error as Error;
      // Firefox reports the preview of the broken image.
      if (!message.startsWith('Image corrupt')) faults.push(message);
    });
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(api.url);
  });
  afterAll(() => browser?.close());

  const see = (text: string) =>
    page.waitForFunction((expected) => document.body.textContent?.includes(expected), {}, text);
  const focused = () => page.evaluate(() => document.activeElement?.id);

  async function choose(...names: string[]) {
    const input = await page.$('input#files');
    await input?.uploadFile(...names.map((name) => join(folder, name)));
  }

  test('checks, sends and follows images, and shows them with their failure', async () => {
    await writeFile(join(folder, 'notes.jpg'), 'text');
    await choose('one.jpg', 'two.png', 'broken.jpg', 'notes.jpg');
    await see('1 image will be left out');
    await see('Process 3 images');
    await page.focus('#send');
    await page.keyboard.press('Enter');
    await see('Batch of 3 images: done, with errors');
    await see('Copy or download it again.');
    expect(await focused()).toBe('batch-title');
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.view img')];
      return images.length === 2 && images.every((image) => image.complete && image.naturalWidth > 0);
    });
    expect(faults).toEqual([]);
  });

  test('compares with the keyboard, and returns the focus', async () => {
    await page.focus('.view');
    await page.keyboard.press('Enter');
    await see('Original: 800×600');
    await page.keyboard.press('ArrowRight');
    await see('two.png · 2 of 2');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#viewer:not([open])');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('view');
    expect(faults).toEqual([]);
  });

  test('processes the images again with options, and deletes the batch', async () => {
    await page.focus('#reprocess');
    await page.keyboard.press('Enter');
    await see('Choose other options for 3 images of the batch.');
    await page.waitForSelector('#width');
    await page.type('#width', '40');
    await page.focus('#send');
    await page.keyboard.press('Enter');
    await see('40×30');
    page.once('dialog', (dialog) => void dialog.accept());
    await page.waitForSelector('#delete:not([hidden])');
    await page.focus('#delete');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#upload:not([hidden])');
    expect(faults).toEqual([]);
  });
});
