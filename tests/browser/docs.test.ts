import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { readBatch } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { ownService } from '../support/service.ts';

describeInBrowser('the documentation', () => {
  test('uploads several files and an option with "Try it out"', async () => {
    const { url } = await (await ownService()).startApi();
    const folder = await temporaryFolder();
    const files = ['one.jpg', 'two.jpg'].map((name) => join(folder, name));
    for (const file of files) await writeFile(file, await jpeg(64, 64));

    const { page, faults } = await openPage(`${url}/docs`, { height: 1400 });
    await page.click('#operations-Processing-processImages .opblock-summary-control');
    await page.click('.try-out__btn');
    await page.click('text=Add file item');
    const fields = page.locator('input[type=file]');
    await fields.nth(1).waitFor();
    for (const [index, file] of files.entries()) await fields.nth(index).setInputFiles(file);
    await page.fill('tr[data-property-name=width] input', '100');
    expect(await page.textContent('tr[data-property-name=images] .parameter__type')).toBe('array<file>');
    // An empty field counts as not set, so there is nothing to choose.
    expect(await page.locator('text=Send empty value').count()).toBe(0);
    // Routes that need no key have no lock.
    expect(await page.locator('#operations-Operation-isAlive .authorization__btn').count()).toBe(0);
    expect(await page.locator('#operations-Operation-getStatus .authorization__btn').count()).toBe(1);
    await page.click('.execute');
    const response = page.locator('.live-responses-table .response-col_description pre').first();
    await response.waitFor();
    const { batchId, totalFiles } = JSON.parse((await response.textContent()) ?? '');
    expect(totalFiles).toBe(2);
    expect((await readBatch(url, batchId)).files.map(({ originalName }) => originalName)).toEqual([
      'one.jpg',
      'two.jpg',
    ]);
    expect(faults).toEqual([]);
  });
});
