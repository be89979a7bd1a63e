import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { AsyncImages } from '../../client/src/index.ts';
import type { BatchList, BatchStatus } from '../../client/src/types.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, upload } from '../support/client.ts';
import { jpeg, png, truncatedJpeg } from '../support/images.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/processes.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let url: string;
let images: AsyncImages;
beforeAll(async () => {
  service = await ownService();
  const [api] = await Promise.all([service.startApi(), service.startWorker()]);
  url = api.url;
  images = new AsyncImages({ baseUrl: url });
});

/** Creates a folder with files, by path. */
async function folderWith(files: Record<string, Buffer | string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return paths.map((path) => path.slice(folder.length + 1)).sort();
}

const countBatches = async (tag: string) => (await images.batches.list({ tag, limit: 100 })).batches.length;

describe('push', () => {
  test('saves the results below the output folder, each under a name of its own, and names what failed', async () => {
    const folder = await folderWith({
      'photos/a.jpg': await jpeg(60, 40),
      'photos/a.png': await png(60, 40),
      'photos/A.jpeg': await jpeg(61, 40),
      'photos/deep/a.jpg': await jpeg(62, 40),
      'photos/broken.jpg': await truncatedJpeg(),
      'photos/notes.jpg': 'not an image',
      'photos/readme.txt': 'left out',
      'photos/.hidden.jpg': 'left out',
    });
    const flags = [
      '--recursive',
      '--out',
      'photos/out',
      '--format',
      'webp',
      '--keep-metadata',
      'true',
      '--tags',
      'names',
    ];
    const variants = '[{"name":"small","width":20},{"name":"large","width":50}]';
    const command = ['push', 'photos', ...flags, '--variants', variants];
    const run = await runProgram(url, command, folder);
    expect(run.code).toBe(1);
    expect(run.stdout()).toBe('');
    expect(run.stderr()).toContain('4 saved in photos/out, 2 failed.');
    expect(run.stderr()).toContain('  photos/broken.jpg: truncated JPEG (IMAGE_TRUNCATED)');
    expect(run.stderr()).toMatch(/ {2}photos\/notes\.jpg: "notes\.jpg" is not an image.*\(UNSUPPORTED_IMAGE_TYPE\)/);
    const targets = ['A', 'a.jpg', 'a.png', 'deep/a'];
    expect(await filesIn(join(folder, 'photos/out'))).toEqual(
      ['.async-images.jsonl', ...targets.flatMap((name) => [`${name}-large.webp`, `${name}-small.webp`])].sort(),
    );

    const before = await countBatches('names');
    const again = await runProgram(url, [...command, '--json'], folder);
    expect(again.code).toBe(1);
    expect(again.lines().map(({ resumed }) => resumed)).toEqual(Array(6).fill(true));
    expect(await countBatches('names')).toBe(before);
    const retried = await runProgram(url, [...command, '--retry-failed'], folder);
    expect(retried.stderr()).toContain('0 saved in photos/out, 2 failed, 4 saved in an earlier run.');
    expect(await countBatches('names')).toBe(before + 1);
  });

  test('processes only what has changed, and saves again what is missing', async () => {
    const folder = await folderWith({ 'a.jpg': await jpeg(60, 40), 'b.jpg': await jpeg(60, 40) });
    const command = ['push', '.', '--out', 'out', '--tags', 'changed', '--json'];
    const first = await runProgram(url, command, folder);
    expect(first.code).toBe(0);
    const [a] = first.lines();
    expect(a).toMatchObject({
      source: 'a.jpg',
      state: 'completed',
      outputs: ['out/a.jpg'],
      failure: null,
      resumed: false,
    });

    await rm(join(folder, 'out/a.jpg'));
    await writeFile(join(folder, 'b.jpg'), await jpeg(80, 40));
    const second = await runProgram(url, command, folder);
    const bySource = new Map(second.lines().map((line) => [line.source, line]));
    expect(bySource.get('a.jpg')).toEqual(a);
    expect(bySource.get('b.jpg')?.batchId).not.toBe(a?.batchId);
    expect(await countBatches('changed')).toBe(2);

    // The result is gone on this machine and on the service.
    await rm(join(folder, 'out/a.jpg'));
    await images.batches.delete(a?.batchId ?? '');
    const third = await runProgram(url, command, folder);
    expect(third.code).toBe(0);
    expect((await filesIn(join(folder, 'out'))).filter((name) => name.endsWith('.jpg'))).toEqual(['a.jpg', 'b.jpg']);

    const other = await runProgram(url, [...command, '--width', '10'], folder);
    expect(other.lines().map(({ resumed }) => resumed)).toEqual([false, false]);
  });

  test('with --watch processes new files until it is interrupted', async () => {
    const folder = await folderWith({ 'photos/a.jpg': await jpeg(60, 40) });
    const run = startProgram(url, ['push', 'photos', '--out', 'out', '--watch', '--json'], folder);
    await until(() => run.lines().length === 1);
    await writeFile(join(folder, 'photos/b.jpg'), await jpeg(60, 40));
    await until(() => run.lines().length === 2);
    expect(run.lines()[1]).toMatchObject({ source: 'photos/b.jpg', state: 'completed', outputs: ['out/b.jpg'] });
    run.signal('SIGINT');
    expect(await run.ended).toBe(130);
    expect(run.stderr()).toBe('Stopped. Run the same command again to continue.\n');
  });
});

test('lists, shows, retries, downloads and cancels batches', async () => {
  const batchId = await upload(
    url,
    ['a.jpg', await jpeg(60, 40)],
    ['../a.png', await png()],
    ['b.jpg', await truncatedJpeg()],
    ['c.jpg', await jpeg(60, 40)],
  );
  await batchEnd(url, batchId);
  await images.batches.deleteFile(`${batchId}-3`);
  const folder = await temporaryFolder();

  const list = await runProgram(url, ['list', '--limit', '100'], folder);
  expect(list.stdout()).toMatch(new RegExp(`^${batchId} .* completed-with-errors  3/4$`, 'm'));
  const asJson = await runProgram(url, ['list', '--json'], folder);
  expect(asJson.lines<BatchList['batches'][number]>()[0]?.batchId).toBe(batchId);
  const status = await runProgram(url, ['status', batchId], folder);
  expect(status.stdout()).toContain(`${batchId}  completed-with-errors  3 completed, 1 failed of 4`);
  expect(status.stdout()).toContain('failed  b.jpg: truncated JPEG (IMAGE_TRUNCATED)');
  expect(status.stdout()).toMatch(/completed {2}c\.jpg, deleted at \d{4}-/);

  const download = await runProgram(url, ['download', batchId, '--out', 'out'], folder);
  expect([download.code, download.stdout()]).toEqual([1, 'a.jpg\na.png.jpg\n']);
  expect(download.stderr()).toMatch(/^c\.jpg: deleted at \d{4}-/m);
  expect(await filesIn(folder)).toEqual(['out/a.jpg', 'out/a.png.jpg']);
  const result = await (await images.results.download(`${batchId}-0`)).arrayBuffer();
  expect((await readFile(join(folder, 'out/a.jpg'))).equals(Buffer.from(result))).toBe(true);

  const retry = await runProgram(url, ['retry', batchId], folder);
  const retried = retry.stdout().trim();
  expect((await batchEnd(url, retried)).sourceBatchId).toBe(batchId);
  const json = await runProgram(url, ['status', retried, '--json'], folder);
  expect(json.lines<BatchStatus>()[0]?.batchId).toBe(retried);
  const cancel = await runProgram(url, ['cancel', batchId], folder);
  expect([cancel.code, cancel.stderr()]).toEqual([1, expect.stringContaining('error: The batch had ended before')]);
});

test('sends the API key of --api-key, and asks for it', async () => {
  const hash = createHash('sha256').update('secret').digest('hex');
  const { url: guarded } = await service.startApi({ API_KEYS: `alice:${hash}` });
  const folder = await temporaryFolder();
  const refused = await runProgram(guarded, ['list'], folder);
  expect(refused.code).toBe(1);
  expect(refused.stderr()).toMatch(
    /This service requires an API key\..* Give it with --api-key or ASYNC_IMAGES_API_KEY\.\n$/,
  );
  const accepted = await runProgram(guarded, ['list', '--api-key', 'secret'], folder);
  expect([accepted.code, accepted.stdout(), accepted.stderr()]).toEqual([0, '', '']);
});

test('shows progress bars in a terminal', async () => {
  const folder = await folderWith({ 'a.jpg': await jpeg(60, 40) });
  const main = join(projectRoot, 'client/dist/cli/main.js');
  const command = `${process.execPath} ${main} push a.jpg --out out --url ${url}`;
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], { cwd: folder });
  const text = stripVTControlCharacters(stdout);
  expect(text).toMatch(/Processing █+ 100% 1 of 1 files/);
  expect(text).toMatch(/Upload {5}█+ 100% 0\.0 of 0\.0 MiB/);
  expect(text).toContain('1 saved in out, 0 failed.');
});

test('npm run push runs it from the source code, in the folder of the caller', async () => {
  const folder = await folderWith({ 'a.jpg': await jpeg(60, 40) });
  const args = ['--prefix', projectRoot, 'run', '--silent', 'push', '--', 'a.jpg', '--out', 'out', '--url', url];
  const { stderr } = await promisify(execFile)('npm', args, { cwd: folder });
  expect(stderr).toBe('1 saved in out, 0 failed.\n');
  expect(await filesIn(join(folder, 'out'))).toEqual(['.async-images.jsonl', 'a.jpg']);
});

test('explains errors, and what to do', async () => {
  const folder = await folderWith({ 'a.jpg': await jpeg(60, 40) });
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const errors: [address: string, args: string[], message: string | RegExp][] = [
    [
      nowhere,
      ['list'],
      `error: The service at ${nowhere} cannot be reached (ECONNREFUSED). Start it with "npm run up"`,
    ],
    ['nonsense', ['list'], 'must begin with http:// or https://, not "nonsense"'],
    [url, ['push', 'missing', '--out', 'out'], 'error: There is no file or folder "missing". Check the path.'],
    [url, ['push', 'a.jpg', '--out', 'out', '--width', '0'], 'error: width must be a whole number from 1 to 4096'],
    [url, ['push', 'a.jpg', '--out', 'out', '--width', 'wide'], 'It must be a number.'],
    [
      url,
      ['push', 'a.jpg', '--out', 'out', '--format', 'bmp'],
      'Allowed choices are jpeg, png, webp, avif, gif, original.',
    ],
    [url, ['push', 'a.jpg', '--out', '.'], 'a.jpg, which a result could overwrite. Choose another folder for --out.'],
    [url, ['push', 'a.jpg'], "required option '--out <folder>' not specified"],
    [url, ['status', 'unknown'], 'error: There is no batch "unknown". Check the id.'],
  ];
  for (const [address, args, message] of errors) {
    const { code, stderr } = await runProgram(address, args, folder);
    expect([code, stderr()]).toEqual([1, expect.stringContaining(message as string)]);
  }
});
