import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';

const FILE_MIB = 200;
const LIMIT_MIB = 250;

test.each(['', 'onUploadProgress() {}'])('does not read a large file into memory (options: {%s})', async (options) => {
  const server = createServer((req, res) => {
    const refusal = JSON.stringify({ code: 'FILE_TOO_LARGE', detail: 'too large' });
    req.resume().on('end', () => res.writeHead(413).end(refusal));
  }).listen(0, '127.0.0.1');
  onCleanup(() => server.close());
  await once(server, 'listening');
  const path = join(await temporaryFolder(), 'large.jpg');
  const file = await open(path, 'w');
  // A sparse file: it takes no space on the disk.
  await file.truncate(FILE_MIB * 1024 * 1024);
  await file.close();

  // Linux counts the memory of the process that started a child in the child's `maxRSS`, so the child samples its own.
  const library = pathToFileURL(join(projectRoot, 'client/src/index.ts')).href;
  const script = `
    import { AsyncImages } from ${JSON.stringify(library)};
    const images = new AsyncImages({ baseUrl: 'http://127.0.0.1:${(server.address() as AddressInfo).port}' });
    let peak = 0;
    setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 10);
    for await (const { failure } of images.process([${JSON.stringify(path)}], { ${options} })) console.log(failure.code);
    console.log(peak);
    process.exit();`;
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [code, peakBytes] = (await text(child.stdout)).trim().split('\n');
  expect(code).toBe('FILE_TOO_LARGE');
  expect(Number(peakBytes) / 1024 / 1024).toBeLessThan(LIMIT_MIB);
});
