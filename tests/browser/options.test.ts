import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { readBatch } from '../support/client.ts';
import { jpeg, png } from '../support/images.ts';
import { ownService } from '../support/service.ts';

interface Schema {
  type?: string;
  enum?: string[];
  anyOf?: Schema[];
  const?: string;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  properties?: Record<string, Schema>;
  'x-group'?: string;
}

describeInBrowser('the options of the page', () => {
  let url: string;
  let image: string;
  let service: Awaited<ReturnType<typeof ownService>>;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    image = join(folder, 'one.jpg');
    await writeFile(image, await jpeg(800, 600));
    await writeFile(join(folder, 'logo.png'), await png(20, 20));
    await writeFile(join(folder, 'watermarks.json'), JSON.stringify({ logo: 'logo.png' }));
    service = await ownService({ WATERMARKS_FILE: join(folder, 'watermarks.json') });
    [{ url }] = await Promise.all([service.startApi(), service.startWorker()]);
  });

  /** Opens the page with an image and the options. */
  async function openOptions() {
    const opened = await openPage(url);
    const requests: string[] = [];
    opened.page.on('request', (request) => requests.push(new URL(request.url()).pathname));
    await opened.page.setInputFiles('#files', image);
    expect(requests).not.toContain('/openapi.json');
    await opened.page.click('#options > summary');
    await opened.page.waitForSelector('#width');
    return opened;
  }

  const openGroups = (page: Page, isOpen = true) =>
    page.$$eval(
      '#options details',
      (groups, open) => {
        for (const group of groups as HTMLDetailsElement[]) group.open = open;
      },
      isOpen,
    );

  test('have a control for each option of the document, with its bounds, its default and a label', async () => {
    const { page, faults } = await openOptions();
    const document = await (await fetch(`${url}/openapi.json`)).json();
    const properties: Record<string, Schema> = document.components.schemas.ProcessImagesForm.properties;
    const options = Object.entries(properties).filter(([, schema]) => schema['x-group']);
    const leaves = options.flatMap(([name, { properties: members, ...schema }]): [string, Schema][] =>
      members
        ? Object.entries(members).map(([member, inner]): [string, Schema] => [`${name}-${member}`, inner])
        : [[name, schema]],
    );
    expect(leaves.length).toBeGreaterThan(40);
    expect(await page.locator('#option-groups legend').allTextContents()).toEqual([
      ...new Set(options.map(([, schema]) => schema['x-group'])),
    ]);
    for (const [id, schema] of leaves) {
      const shown = await page.$eval(`#${id}`, (control) => {
        const { labels, tagName, type, min, max, step, pattern, placeholder } = control as HTMLInputElement;
        const values = [...((control as unknown as HTMLSelectElement).options ?? [])].map(({ value }) => value);
        const accepts = (value: string) => {
          (control as HTMLInputElement).value = value;
          control.dispatchEvent(new Event('input', { bubbles: true }));
          const { valid } = (control as HTMLInputElement).validity;
          (control as HTMLInputElement).value = '';
          control.dispatchEvent(new Event('input', { bubbles: true }));
          return valid;
        };
        const trials = ['0', '1', 'auto', 'max', '9999'].filter(accepts);
        return { label: labels?.length, tagName, type, min, max, step, pattern, placeholder, values, trials };
      });
      expect([id, shown.label]).toEqual([id, 1]);
      // The document does not list the images of the operator.
      const words = id === 'watermark-image' ? ['logo'] : (schema.enum ?? schema.anyOf?.find((one) => one.enum)?.enum);
      const number = schema.anyOf?.find(({ type }) => type === 'integer');
      if (words) {
        expect(shown.values).toEqual(['', ...words.filter((word) => word !== 'center')]);
      } else if (schema.type === 'boolean') {
        expect(shown.values).toEqual(['', 'true', 'false']);
      } else if (number) {
        expect([id, shown.trials]).toEqual([id, ['1', schema.anyOf?.find((one) => one.const)?.const]]);
      } else if (schema.type === 'string') {
        expect([id, shown.pattern]).toEqual([id, schema.pattern ?? '']);
      } else {
        const step = schema.type === 'integer' ? '1' : 'any';
        const bounds = { type: 'number', min: `${schema.minimum}`, max: `${schema.maximum}`, step };
        expect([id, shown]).toEqual([id, expect.objectContaining(bounds)]);
      }
    }
    expect(await page.getAttribute('#quality', 'placeholder')).toBe('80');
    expect(await page.getAttribute('#rotate', 'placeholder')).toBe('none');
    expect(await page.textContent('#fit option')).toBe('crop (default)');
    expect(await page.textContent('#watermark-position option')).toBe('bottom right (default)');
    expect(faults).toEqual([]);
  });

  test('are sent, also those of a watermark and of additional sizes, and the sizes are estimated before', async () => {
    const { page, faults } = await openOptions();
    expect(await page.isHidden('#variants-hint')).toBe(true);
    await page.waitForSelector('text=The first image has 800×600 pixels. Its result has 512×384 pixels.');
    await openGroups(page);
    await page.fill('#crop', '50%,0,50%,100%');
    await page.fill('#watermark-text', '2026');
    await page.fill('#watermark-opacity', '0.9');
    await page.click('#add-variant');
    await page.keyboard.type('small');
    await page.click('#add-variant');
    await openGroups(page);
    await page.fill('#size-1-width', '40');
    await page.selectOption('#size-2-format', 'png');
    await page.fill('#size-2-pad', '20');
    await page.waitForSelector('text=Its results have small: 40×60, size-2: 552×808 pixels.');
    await page.fill('#trim', '10');
    await page.waitForSelector('text=small: about 40×60');
    await page.fill('#trim', '');
    await page.click('#add-variant');
    await page.click('text=Remove Size 3');
    await page.click('#send');
    await page.waitForSelector('text=Batch of 1 image: done');
    const { files } = await readBatch(url, new URL(page.url()).hash.slice(1));
    expect(files[0]?.result?.outputs).toMatchObject([
      { name: 'small', width: 40, height: 60, format: 'jpeg' },
      { name: 'size-2', width: 552, height: 808, format: 'png' },
    ]);
    expect(await page.textContent('#curl')).toContain(`-F 'watermark={"text":"2026","opacity":0.9}'`);
    expect(faults).toEqual([]);
  });

  test('are marked where the browser or the service refuses them', async () => {
    const { page } = await openOptions();
    const marked = () => page.$$eval('[aria-invalid=true]', (fields) => fields.map(({ id }) => id));
    await openGroups(page);
    await page.fill('#quality', '101');
    await openGroups(page, false);
    await page.click('#send');
    await page.waitForSelector('#quality:focus');
    expect(await marked()).toEqual(['quality']);
    await page.fill('#quality', 'auto');
    expect(await marked()).toEqual([]);

    await openGroups(page);
    await page.fill('#tint', '#FF8800');
    await page.fill('#watermark-opacity', '0.9');
    await page.click('#add-variant');
    await page.click('#send');
    await page.waitForSelector('#watermark-image:focus');
    expect(await page.textContent('#error')).toContain('watermark must have either image or text');
    await page.fill('#watermark-opacity', '');
    await page.click('#send');
    await page.waitForSelector('#size-1-tint:focus');
    expect(await marked()).toEqual(['size-1-tint']);
  });

  test('are hidden, and not loaded, if only presets are allowed', async () => {
    const presetsFile = join(await temporaryFolder(), 'presets.json');
    await writeFile(presetsFile, JSON.stringify({ avatar: { width: 64, height: 64 } }));
    const { url: presetsUrl } = await service.startApi({ PRESETS_FILE: presetsFile, PRESETS_ONLY: 'true' });
    const { page } = await openPage(presetsUrl);
    await page.waitForSelector('#preset-row:not([hidden])');
    expect(await page.isHidden('#options')).toBe(true);
    expect(await page.locator('#width').count()).toBe(0);
  });

  test('have no violation that axe-core finds, and fit a phone', async () => {
    const { page } = await openOptions();
    await page.click('#add-variant');
    await openGroups(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      }
      await page.evaluate(axe.source);
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: object[] }> } };
        return (await axe.run()).violations;
      });
      expect(violations).toEqual([]);
    }
  });
});
