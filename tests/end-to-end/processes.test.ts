import { createServer } from 'node:http';
import { batchEnd, readBatch, upload } from '../support/client.ts';
import { descendants, imageChildren, isAlive } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import { listen } from '../support/listen.ts';
import { freePort } from '../support/ports.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { fetchRaw } from '../support/raw.ts';
import { scrape } from '../support/scrape.ts';
import { ownService } from '../support/service.ts';
import { beginUpload } from '../support/slow-upload.ts';

const ACCEPTED = 'upload_files_accepted_total';
const photo = jpeg(64, 64);
const settings = { SHUTDOWN_SECONDS: '60', JOB_TIMEOUT_SECONDS: '120' };

/** Returns the processes of an API or a worker, without their primary and the children that process images. */
function processesOf({ child: { pid } }: TestProcess): number[] {
  const images = imageChildren(pid);
  return descendants(pid).filter((process) => !images.includes(process));
}

/** Counts the lines of a log with a text. */
const count = ({ output }: TestProcess, text: string) => output().split(text).length - 1;

/** Begins an upload on each of three new connections, which go to the three processes in turn. */
const beginUploads = async (url: string, headers = {}) =>
  Promise.all([1, 2, 3].map(async () => beginUpload(url, [['a.jpg', await photo]], headers)));

describe('three API processes', () => {
  let service: Awaited<ReturnType<typeof ownService>>;
  let api: TestProcess & { url: string };
  let worker: TestProcess;
  beforeAll(async () => {
    service = await ownService(settings);
    [api, worker] = await Promise.all([
      service.startApi({ API_PROCESSES: '3', ADMIN_PASSWORD: 'a long enough word' }),
      service.startWorker({ WORKER_CONCURRENCY: '1' }),
    ]);
  });

  test('all accept uploads, and each responds when a batch ends; a scrape of one counts for all', async () => {
    const before = (await scrape(api.url))[ACCEPTED];
    const uploads = await beginUploads(api.url, { Prefer: 'wait=60' });
    for (const { sendRest } of uploads) sendRest();
    const responses = await Promise.all(uploads.map(({ response }) => response));
    expect(responses.map(({ body }) => JSON.parse(body).status)).toEqual(Array(3).fill('completed'));
    const lines = api.output().split('\n');
    const accepted = lines.flatMap((line) => (line.includes('"batch accepted"') ? [JSON.parse(line).pid] : []));
    expect(accepted.sort()).toEqual(processesOf(api).sort());
    expect(before).toBe(0);
    const samples = await scrape(api.url);
    expect(samples).toMatchObject({ [ACCEPTED]: 3, queue_up: 1, queue_workers: 1 });
    expect(samples['http_requests_total{method="POST",route="/process-images",code="202"}']).toBe(3);
  });

  test('all send the events of a batch, whichever process accepted it', async () => {
    worker.child.kill('SIGSTOP');
    const batchId = await upload(api.url, ['a.jpg', await photo]);
    const streams = await Promise.all([1, 2, 3].map(() => fetch(`${api.url}/batches/${batchId}/events`)));
    const waiting = [1, 2, 3].map(() => readBatch(api.url, batchId, { headers: { Prefer: 'wait=60' } }));
    worker.child.kill('SIGCONT');
    for (const text of await Promise.all(streams.map((stream) => stream.text()))) expect(text).toContain('event: done');
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(3).fill('completed'));
  });

  test('count failed logins together', async () => {
    const board = api.url.replace('://', '://anyone:guess@');
    const statuses: unknown[] = [];
    for (let tries = 0; tries < 11; tries += 1) statuses.push((await fetchRaw(`${board}/admin/queues`)).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
  });

  test('go on when one is killed, which is restarted; the counts of the metrics never decrease', async () => {
    const { [ACCEPTED]: before = Number.NaN } = await scrape(api.url);
    const [victim = Number.NaN, ...others] = processesOf(api);
    process.kill(victim, 'SIGKILL');
    await until(() => !isAlive(victim));
    const uploads = await beginUploads(api.url);
    for (const { sendRest } of uploads) sendRest();
    for (const { response } of uploads) expect((await response).status).toBe(202);
    await until(() => count(api, 'is ready again') === 1);
    expect(api.output()).toContain('ended (signal SIGKILL); it restarts in 1 s');
    expect(processesOf(api)).toHaveLength(3);
    expect(processesOf(api)).toEqual(expect.arrayContaining(others));
    expect((await scrape(api.url))[ACCEPTED]).toBe(before + 3);
  });

  test('all finish their uploads on SIGTERM, and the primary exits with 0', async () => {
    const uploads = await beginUploads(api.url);
    for (const { sendHalf } of uploads) sendHalf();
    const processes = processesOf(api);
    const ended = api.end('SIGTERM');
    await until(() => count(api, '"shutting down"') === 4);
    for (const { sendRest } of uploads) sendRest();
    for (const { response } of uploads) expect((await response).status).toBe(202);
    expect(await ended).toBe(0);
    expect(processes.filter(isAlive)).toEqual([]);
  });

  test('report an error of the start once, with the same message and exit code as one process', async () => {
    const PORT = String(await listen(createServer()));
    const errorWith = (API_PROCESSES: string) => service.startApi({ PORT, API_PROCESSES }).catch((error) => error);
    const [one, three] = await Promise.all([errorWith('1'), errorWith('3')]);
    expect(one.message).toContain(`The API cannot listen on 127.0.0.1:${PORT} (EADDRINUSE)`);
    expect([three.message, three.cause]).toEqual([one.message, 1]);
  });
});

describe('a worker with 17 children in two processes', () => {
  let service: Awaited<ReturnType<typeof ownService>>;
  let url: string;
  let worker: TestProcess;
  let status: string;
  beforeAll(async () => {
    service = await ownService(settings);
    const WORKER_PORT = String(await freePort());
    status = `http://127.0.0.1:${WORKER_PORT}`;
    const workerSettings = { WORKER_CONCURRENCY: '17', WORKER_PORT, LOG_LEVEL: 'debug' };
    [{ url }, worker] = await Promise.all([service.startApi(), service.startWorker(workerSettings)]);
  });
  const respondsWith = (path: string, code: number) =>
    until(async () => (await fetch(`${status}${path}`)).status === code);

  test('is one worker for its monitoring: alive and ready if both processes are', async () => {
    const [process1 = Number.NaN, ...others] = processesOf(worker);
    expect(others).toHaveLength(1);
    const concurrencies = () => [...worker.output().matchAll(/"concurrency":(\d+)/g)].map(([, children]) => children);
    // The log and the heartbeat of the second process may arrive after the message that all are ready.
    await until(() => concurrencies().length === 2);
    expect(concurrencies()).toEqual(['9', '8']);
    await until(async () => (await scrape(url)).queue_workers === 2);
    await respondsWith('/readyz', 200);
    await respondsWith('/healthz', 200);
    process.kill(process1, 'SIGSTOP');
    await respondsWith('/readyz', 503);
    await respondsWith('/healthz', 503);
    process.kill(process1, 'SIGCONT');
    await respondsWith('/readyz', 200);
    await respondsWith('/healthz', 200);
  });

  test('restarts a process that is killed, completes its jobs, and counts those of both', async () => {
    // Paused children hold their images for as long as the test needs.
    const children = imageChildren(worker.child.pid);
    for (const child of children) process.kill(child, 'SIGSTOP');
    const batchId = await upload(url, ['a.jpg', await photo], ['b.jpg', await photo]);
    const begun = await until(() =>
      worker
        .output()
        .split('\n')
        .find((line) => line.includes('"image begun"')),
    );
    const { pid: victim } = JSON.parse(begun);
    const orphans = imageChildren(victim);
    process.kill(victim, 'SIGKILL');
    for (const child of children) process.kill(child, 'SIGCONT');
    await until(() => !orphans.some(isAlive));
    expect((await batchEnd(url, batchId)).status).toBe('completed');
    expect(worker.output()).toContain('continuing the job of a worker that died');
    await until(() => count(worker, 'is ready again') === 1);
    expect(processesOf(worker)).toHaveLength(2);
    await until(async () => (await scrape(status))['image_jobs_total{outcome="completed"}'] === 2);
  });

  test('ends on SIGTERM with 0, and leaves no process', async () => {
    const all = descendants(worker.child.pid);
    expect(await worker.end('SIGTERM')).toBe(0);
    await until(() => !all.some(isAlive));
    expect(worker.output()).toContain('"failed":[]');
  });

  test('leaves no process if its primary is killed', async () => {
    const other = await service.startWorker({ WORKER_CONCURRENCY: '17' });
    await batchEnd(url, await upload(url, ['a.jpg', await photo]));
    const all = descendants(other.child.pid);
    expect(all.length).toBeGreaterThan(2);
    await other.end('SIGKILL');
    await until(() => !all.some(isAlive));
  });
});
