import { join } from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { describeInBrowser, openPage } from '../support/browser.ts';
import { jpeg } from '../support/images.ts';
import { ownService } from '../support/service.ts';

/** Bundles the built package for a browser, as its users do. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from 'async-images'", resolveDir: join(projectRoot, 'client') },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'client',
  });
  return outputFiles[0]?.text ?? '';
}

/** Runs in the page. */
const script = (image: string) => `(async () => {
  const images = new client.AsyncImages({ baseUrl: location.origin });
  const bytes = Uint8Array.from(atob('${image}'), (character) => character.charCodeAt(0));
  const files = [new File([bytes], 'a.jpg'), new File(['text'], 'b.jpg'), '/etc/hostname'];
  const outcomes = [];
  let sentBytes = 0;
  const onUploadProgress = (progress) => { sentBytes = progress.sentBytes; };
  for await (const file of images.process(files, { width: 20, onUploadProgress })) {
    const result = file.result && (await createImageBitmap(await (await file.download()).blob()));
    outcomes.push([file.index, file.failure?.code ?? result.width]);
  }
  return { outcomes: outcomes.sort(([one], [other]) => one - other), sentBytes, size: bytes.length };
})()`;

describeInBrowser('the client in a browser', () => {
  test('processes files, and reports those that it cannot read or send', async () => {
    const service = await ownService();
    const [api, code, image] = await Promise.all([service.startApi(), bundle(), jpeg(60, 40), service.startWorker()]);
    const { page } = await openPage(api.url);
    const { outcomes, sentBytes, size } = (await page.evaluate(`${code}; ${script(image.toString('base64'))}`)) as {
      outcomes: [number, string | number][];
      sentBytes: number;
      size: number;
    };
    expect(outcomes).toEqual([
      [0, 20],
      [1, 'UNSUPPORTED_IMAGE_TYPE'],
      [2, 'INPUT_UNREADABLE'],
    ]);
    expect(sentBytes).toBe(size);
  });
});
