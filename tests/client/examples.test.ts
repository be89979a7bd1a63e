import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, form, upload } from '../support/client.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { freePort } from '../support/ports.ts';
import { endProcess, until } from '../support/processes.ts';
import { runProgram } from '../support/program.ts';
import { webhookSettings } from '../support/receiver.ts';
import { ownService } from '../support/service.ts';

// Runs the examples of docs/client.md.

const document = await readFile(join(projectRoot, 'docs/client.md'), 'utf8');
const blocksOf = (language: string) =>
  Array.from(document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms')), ([, block = '']) => block);
const [processing = '', requests = '', receiver = ''] = blocksOf('js');
const commands = blocksOf('bash')
  .join('')
  .split('\n')
  .filter((line) => line.startsWith('async-images '));

let url: string;
let folder: string;
beforeAll(async () => {
  const service = await ownService(webhookSettings);
  const [api] = await Promise.all([service.startApi(), service.startWorker()]);
  url = api.url;
  folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  for (const name of ['a.jpg', 'photos/c.jpg']) await writeFile(join(folder, name), await jpeg(60, 40));
  await writeFile(join(folder, 'b.jpg'), await truncatedJpeg());
});

/** Starts an example with the built library, against the service of this test. */
async function start(code: string, changes: Record<string, string> = {}) {
  const library = pathToFileURL(join(projectRoot, 'client/dist/index.js')).href;
  const replaced = { "'async-images'": `'${library}'`, 'http://localhost:3000': url, ...changes };
  const own = Object.entries(replaced).reduce((result, [from, to]) => result.replace(from, to), code);
  const path = join(folder, `${crypto.randomUUID()}.mjs`);
  await writeFile(path, own);
  const child = spawn(process.execPath, [path], {
    cwd: folder,
    env: { ...process.env, ASYNC_IMAGES_API_KEY: '', WEBHOOK_SECRET: webhookSettings.WEBHOOK_SECRETS },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onCleanup(() => endProcess(child, 'SIGKILL'));
  return child;
}

async function outputOf(code: string): Promise<string[]> {
  const child = await start(code);
  const output = await text(child.stdout);
  return output.trim().split('\n').sort();
}

test('the examples of the library run', async () => {
  expect(await outputOf(processing)).toEqual(['a.jpg true', 'b.jpg IMAGE_TRUNCATED truncated JPEG']);
  const body = form([['a.jpg', await jpeg()]]);
  body.append('tags', 'holiday');
  expect((await fetch(`${url}/process-images`, { method: 'POST', body })).status).toBe(202);
  expect(await outputOf(requests)).toEqual(expect.arrayContaining([expect.stringMatching(/^\d+ \d+$/), '1']));
});

test('the example of a receiver verifies a webhook', async () => {
  const port = String(await freePort());
  const child = await start(receiver, { '4000': port });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}`, { method: 'POST' }).then(
      ({ status }) => status === 400,
      () => false,
    );
  await until(isUp);
  const body = form([['a.jpg', await jpeg()]]);
  body.append('webhook', `http://127.0.0.1:${port}/`);
  const { batchId } = (await (await fetch(`${url}/process-images`, { method: 'POST', body })).json()) as {
    batchId: string;
  };
  await until(() => output.includes(`batch.completed ${batchId}\n`));
  child.kill();
  await once(child, 'exit');
});

test('the commands run', async () => {
  const batchId = await upload(url, ['a.jpg', await jpeg()], ['b.jpg', await truncatedJpeg()]);
  await batchEnd(url, batchId);
  const codes = new Map<string, number | null>();
  for (const command of commands) {
    const [, name = '', ...args] = command.replace(/[\da-f-]{36}/, batchId).split(' ');
    codes.set(name, (await runProgram(url, [name, ...args], folder)).code);
  }
  // The batch had ended before, and one of its files has failed.
  expect(Object.fromEntries(codes)).toEqual({ push: 0, list: 0, status: 0, cancel: 1, retry: 0, download: 1 });
});
