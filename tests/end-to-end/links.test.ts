import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { LinkResponse } from '../../src/api/views/signed-link.ts';
import type { BatchResponse, JobResponse } from '../../src/api/views/status.ts';
import type { WebhookEvent } from '../../src/queue/webhook-event.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { signLink } from '../../src/shared/signed-link.ts';
import { listeningApp } from '../support/app.ts';
import { form } from '../support/client.ts';
import { environment } from '../support/environment.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { startReceiver, webhookSettings } from '../support/receiver.ts';
import { ownService } from '../support/service.ts';

const PUBLIC_URL = 'https://images.example.com/service';
const [newSecret, oldSecret] = ['n'.repeat(43), 'o'.repeat(43)] as const;
const hash = (key: string) => createHash('sha256').update(key).digest('hex');
const API_KEYS = ['alice', 'bob'].map((name) => `${name}:${hash(`key-of-${name}`)}`).join(',');
const RETENTION_HOURS = '48';
const as = (name: string) => ({ Authorization: `Bearer key-of-${name}` });
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let image: Buffer;
/** A batch of alice with two variants, whose second file failed. */
let batchId: string;
/** Its upload's response, which has its status. */
let uploaded: BatchResponse;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

/** Uploads two files as alice, and waits for their results. */
async function upload(query: string, fields: Record<string, string>): Promise<BatchResponse> {
  const body = form([
    ['a.jpg', image],
    ['b.jpg', await truncatedJpeg()],
  ]);
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const headers = { ...as('alice'), Prefer: 'wait=60' };
  const response = await fetch(`${api.url}/process-images${query}`, { method: 'POST', body, headers });
  expect(response.status).toBe(202);
  return (await response.json()) as BatchResponse;
}

beforeAll(async () => {
  service = await ownService({
    ...webhookSettings,
    API_KEYS,
    PUBLIC_URL: `${PUBLIC_URL}/`,
    LINK_SECRET: `${newSecret},${oldSecret}`,
    RETENTION_HOURS,
    CORS_ORIGINS: '*',
    LOG_LEVEL: 'trace',
  });
  [api, image, receiver] = await Promise.all([
    service.startApi(),
    jpeg(64, 48),
    startReceiver(),
    service.startWorker({ WORKER_CONCURRENCY: '1' }),
  ]);
  const variants = JSON.stringify([
    { name: 'thumb', width: 16 },
    { name: 'large', width: 32 },
  ]);
  uploaded = await upload('?links=signed', { variants, webhook: receiver.url });
  ({ batchId } = uploaded);
});

function postLink(body: object, { url = api.url, name = 'alice', headers = {}, jobId = `${batchId}-0` } = {}) {
  return fetch(`${url}/jobs/${jobId}/links`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...as(name), ...headers },
  });
}
async function createLink(body: object, options?: Parameters<typeof postLink>[1]): Promise<LinkResponse> {
  const response = await postLink(body, options);
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return (await response.json()) as LinkResponse;
}

/** Returns where a public URL leads in this test. */
const here = (url: string) => url.replace(PUBLIC_URL, api.url);
const get = (path: string, init?: RequestInit) => fetch(api.url + path, { redirect: 'manual', ...init });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

test('serves a result, a variant or the original to a client without a key, each as with a key', async () => {
  for (const [body, path] of [
    [{}, 'result'],
    [{ variant: 'large', original: false }, 'result?variant=large'],
    [{ original: true }, 'original'],
  ] as const) {
    const { url, expiresAt } = await createLink({ ...body, expiresInSeconds: 3600 });
    expect(url.startsWith(`${PUBLIC_URL}/jobs/${batchId}-0/${path}`)).toBe(true);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
    expect(Number(new URL(url).searchParams.get('expires'))).toBe(Date.parse(expiresAt) / 1000);

    const withKey = await get(`/jobs/${batchId}-0/${path}`, { headers: as('alice') });
    const shared = await fetch(here(url));
    expect(shared.status).toBe(200);
    expect((await bytesOf(shared)).equals(await bytesOf(withKey))).toBe(true);
    const names = ['etag', 'content-type', 'content-disposition', 'content-length', 'accept-ranges'];
    for (const name of names) expect(shared.headers.get(name)).toBe(withKey.headers.get(name));
    const [, seconds] = /^public, max-age=(\d+), immutable$/.exec(shared.headers.get('cache-control') ?? '') ?? [];
    expect(Math.abs(Number(seconds) * 1000 - (Date.parse(expiresAt) - Date.now()))).toBeLessThan(60_000);
    expect(shared.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(shared.headers.get('access-control-allow-origin')).toBe('*');
    expect(withKey.headers.get('cache-control')).toMatch(/^private/);
    expect(withKey.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect((await get(`/jobs/${batchId}-0/${path}`)).status).toBe(401);
  }
});

test('supports HEAD, ranges and conditional requests', async () => {
  const url = here((await createLink({ original: true, expiresInSeconds: 60 })).url);
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(image.length)]);
  const part = await fetch(url, { headers: { Range: 'bytes=2-5' } });
  expect([part.status, (await bytesOf(part)).equals(image.subarray(2, 6))]).toEqual([206, true]);
  const etag = head.headers.get('etag') ?? '';
  expect((await fetch(url, { headers: { 'If-None-Match': etag, 'Cache-Control': '' } })).status).toBe(304);
});

test('refuses a link of which any part was changed, and allows nothing else', async () => {
  const path = `/jobs/${batchId}-0`;
  const link = signLink(`${path}/result?variant=thumb`, inSeconds(60), newSecret);
  const expires = new URL(link, api.url).searchParams.get('expires') ?? '';
  expect((await get(link)).status).toBe(200);
  // The order of the parameters is free.
  const [pathname, ...parameters] = link.split(/[?&]/);
  expect((await get(`${pathname}?${parameters.reverse().join('&')}`)).status).toBe(200);
  const last = link.at(-1) === 'A' ? 'B' : 'A';
  for (const changed of [
    link.replace(`${batchId}-0`, `${batchId}-1`),
    link.replace('/result', '/original'),
    link.replace('variant=thumb', 'variant=large'),
    link.replace('variant=thumb&', ''),
    link.replace('variant=thumb', 'variant=thumb&variant=thumb'),
    link.replace(expires, String(Number(expires) + 1)),
    link.replace(/&expires=\d+/, ''),
    link.replace('expires=', 'expires=1&expires='),
    link.slice(0, -1) + last,
    link.slice(0, -1),
    `${link}&signature=${last}`,
    link.replace(/&signature=.*/, ''),
    link.replace(/signature=.*/, 'signature='),
    `${link}&download=1`,
    `${link}&utm_source=mail`,
    link.replace('/jobs/', '/Jobs/'),
    link.replace('/result?', '/result/?'),
    signLink(`${path}/result`, inSeconds(60), 'x'.repeat(43)),
  ]) {
    expect([changed, ...(await codeOf(await get(changed)))]).toEqual([changed, 403, 'LINK_INVALID']);
  }
  // A key does not make up for a broken link.
  expect((await get(link.slice(0, -1), { headers: as('alice') })).status).toBe(403);
  const query = link.slice(link.indexOf('?'));
  for (const other of [path, `/batches/${batchId}`, `/batches/${batchId}/archive`])
    expect((await get(other + query)).status).toBe(401);
  for (const method of ['POST', 'DELETE']) expect((await get(link, { method })).status).toBe(401);
});

test('refuses an expired link only after its signature is verified', async () => {
  const expired = signLink(`/jobs/${batchId}-0/result`, inSeconds(-1), newSecret);
  const response = await get(expired);
  const { detail, code } = (await response.json()) as { detail: string; code: string };
  expect([response.status, code]).toEqual([403, 'LINK_EXPIRED']);
  expect(detail).toMatch(/^This link expired at \d{4}-.*Ask its sender for a new one/);
  expect(await codeOf(await get(`${expired}x`))).toEqual([403, 'LINK_INVALID']);
});

test('signs with the first secret and accepts both while they are rotated', async () => {
  const path = `/jobs/${batchId}-0/original`;
  const { url, expiresAt } = await createLink({ original: true, expiresInSeconds: 60 });
  expect(url).toBe(PUBLIC_URL + signLink(path, Date.parse(expiresAt) / 1000, newSecret));
  expect((await get(signLink(path, inSeconds(60), oldSecret))).status).toBe(200);
  const config = (LINK_SECRET: string) => loadConfig(environment({ LINK_SECRET })).links.secrets;
  for (const wrong of ['short', `${newSecret},`, `${newSecret},${oldSecret},${newSecret}`]) {
    expect(() => config(wrong)).toThrow('LINK_SECRET must be one secret');
    expect(() => config(wrong)).not.toThrow(wrong);
  }
  const printed = execFileSync('npm', ['run', '--silent', 'link-secret'], { encoding: 'utf8' });
  expect(config(/^ {2}(\S{43})$/m.exec(printed)?.[1] ?? '')).toHaveLength(1);
});

test('refuses invalid requests, and links to files of other owners', async () => {
  for (const [body, words] of [
    [{}, 'expiresInSeconds must be a whole number from 60 to 604800'],
    [{ expiresInSeconds: 59 }, 'expiresInSeconds must be'],
    [{ expiresInSeconds: 604_801 }, 'expiresInSeconds must be'],
    [{ expiresInSeconds: 60.5 }, 'expiresInSeconds must be'],
    [{ expiresInSeconds: 60, varient: 'thumb' }, '"varient" is unknown'],
    [{ expiresInSeconds: 60, original: 1 }, 'original must be true or false'],
    [{ expiresInSeconds: 60, original: true, variant: 'thumb' }, 'variant cannot be set with original'],
  ] as const) {
    const response = await postLink(body);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'INVALID_OPTION', detail: expect.stringContaining(words) }),
    ]);
  }
  expect(await codeOf(await postLink({ expiresInSeconds: 60, variant: 'x' }))).toEqual([404, 'VARIANT_NOT_FOUND']);
  expect(await codeOf(await postLink({ expiresInSeconds: 60 }, { jobId: `${batchId}-1` }))).toEqual([
    409,
    'JOB_FAILED',
  ]);
  expect(await codeOf(await postLink({ expiresInSeconds: 60 }, { name: 'bob' }))).toEqual([404, 'JOB_NOT_FOUND']);
  expect(await codeOf(await postLink({ expiresInSeconds: 60 }, { name: 'nobody' }))).toEqual([401, 'UNAUTHORIZED']);
});

test('accepts a form, as curl -d sends it', async () => {
  const body = new URLSearchParams({ expiresInSeconds: '60', original: 'true' });
  const response = await get(`/jobs/${batchId}-0/links`, { method: 'POST', body, headers: as('alice') });
  expect(((await response.json()) as LinkResponse).url).toContain('/original?expires=');
});

test('writes signed URLs of the results into statuses and events with links=signed', async () => {
  const [batch, job, events] = await Promise.all(
    [`/batches/${batchId}`, `/jobs/${batchId}-0`, `/batches/${batchId}/events`].map(async (path) =>
      (await get(`${path}?links=signed`, { headers: as('alice') })).text(),
    ),
  );
  const status = JSON.parse(batch ?? '') as BatchResponse;
  const { links, result } = JSON.parse(job ?? '') as JobResponse;
  expect(events).toContain(`data: ${batch}`);
  expect(uploaded).toMatchObject({ files: status.files });
  const urls = [
    status.files[0]?.resultUrl,
    status.files[0]?.result?.resultUrl,
    ...(status.files[0]?.result?.outputs ?? []).map((output) => output.resultUrl),
    links.result,
    result?.resultUrl,
    ...(result?.outputs ?? []).map((output) => output.resultUrl),
  ];
  expect(urls).toHaveLength(8);
  for (const url of urls) {
    expect(url).toMatch(new RegExp(`^${PUBLIC_URL}/jobs/`));
    expect((await fetch(here(url ?? ''))).status).toBe(200);
    const seconds = Number(new URL(url ?? '').searchParams.get('expires')) - Date.now() / 1000;
    expect([seconds >= 86_400 - 60, seconds <= 90_000]).toEqual([true, true]);
  }
  // The original may contain more than its owner shows, such as a location.
  expect([links.original, status.links.self]).toEqual([`/jobs/${batchId}-0/original`, `/batches/${batchId}`]);
  const plain = (await (await get(`/batches/${batchId}`, { headers: as('alice') })).json()) as BatchResponse;
  expect(plain.files[0]?.resultUrl).toBe(`/jobs/${batchId}-0/result`);
});

test('writes signed URLs into the webhook of an upload with links=signed, and of its retry', async () => {
  const { body } = await until(() => receiver.calls[0]);
  const { data } = JSON.parse(body) as WebhookEvent;
  const signed = expect.stringMatching(`^${PUBLIC_URL}/jobs/${batchId}-0/result[?]`);
  expect(data.files).toEqual([
    {
      jobId: `${batchId}-0`,
      originalName: 'a.jpg',
      state: 'completed',
      resultUrl: signed,
      outputs: [
        { name: 'thumb', resultUrl: signed },
        { name: 'large', resultUrl: signed },
      ],
    },
    { jobId: `${batchId}-1`, originalName: 'b.jpg', state: 'failed', resultUrl: null },
  ]);
  for (const { resultUrl } of [...(data.files?.[0]?.outputs ?? [])])
    expect((await fetch(here(resultUrl))).status).toBe(200);
  // The links end when the batch is deleted.
  const expires = Number(new URL(data.files?.[0]?.resultUrl ?? '').searchParams.get('expires'));
  const deletion = Date.parse(data.finishedAt) / 1000 + Number(RETENTION_HOURS) * 3600;
  expect(Math.floor(deletion)).toBe(expires);

  await get(`/batches/${batchId}/retry`, { method: 'POST', headers: as('alice') });
  const second = await until(() => receiver.calls[1]);
  expect(JSON.parse(second.body).data.files).toEqual([expect.objectContaining({ resultUrl: null })]);
  await upload('', { webhook: receiver.url });
  const third = await until(() => receiver.calls[2]);
  expect(JSON.parse(third.body).data).not.toHaveProperty('files');
});

test('counts links=signed as a part of the upload that an Idempotency-Key stands for', async () => {
  const send = (query: string) => {
    const headers = { ...as('alice'), 'Idempotency-Key': 'once' };
    return get(`/process-images${query}`, { method: 'POST', body: form([['a.jpg', image]]), headers });
  };
  expect([(await send('?links=signed')).status, (await send('?links=signed')).status]).toEqual([202, 202]);
  expect(await codeOf(await send(''))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
});

test('returns 410 once the batch is deleted', async () => {
  const { batchId: deleted } = await upload('', {});
  const { url } = await createLink({ expiresInSeconds: 60 }, { jobId: `${deleted}-0` });
  expect((await fetch(here(url))).status).toBe(200);
  await get(`/batches/${deleted}`, { method: 'DELETE', headers: as('alice') });
  expect(await codeOf(await fetch(here(url)))).toEqual([410, 'BATCH_REMOVED']);
});

test('redirects a link to the bucket, for no longer than the link is valid', async () => {
  const s3 = { STORAGE_URL: 's3://bucket', STORAGE_REDIRECT: 'true', AWS_ACCESS_KEY_ID: 'id' };
  const settings = { ...s3, AWS_SECRET_ACCESS_KEY: 'secret', API_KEYS, LINK_SECRET: newSecret };
  const { url } = await listeningApp(service.redis, settings);
  const follow = async (seconds: number) => {
    const link = signLink(`/jobs/${batchId}-0/result`, inSeconds(seconds), newSecret);
    const response = await fetch(url + link, { redirect: 'manual' });
    expect([response.status, response.headers.get('cache-control')]).toEqual([302, 'no-store']);
    return Number(new URL(response.headers.get('location') ?? '').searchParams.get('X-Amz-Expires'));
  };
  expect(await follow(604_800)).toBe(300);
  expect(await follow(200)).toBeLessThanOrEqual(200);
});

test('begins a link with the host of the request if there is no PUBLIC_URL, and refuses it for webhooks', async () => {
  const { url } = await listeningApp(service.redis, { API_KEYS, LINK_SECRET: newSecret, TRUST_PROXY: '1' });
  const originOf = async (headers = {}) =>
    new URL((await createLink({ expiresInSeconds: 60 }, { url, headers })).url).origin;
  expect(await originOf()).toBe(url);
  const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'shared.example.com' };
  expect(await originOf(headers)).toBe('https://shared.example.com');
  const response = await fetch(`${url}/process-images?links=signed`, {
    method: 'POST',
    body: form([['a.jpg', image]]),
    headers: as('alice'),
  });
  expect([response.status, await response.json()]).toEqual([
    403,
    expect.objectContaining({ code: 'LINKS_DISABLED', detail: expect.stringContaining('must set PUBLIC_URL') }),
  ]);
});

test('names the missing setting without a LINK_SECRET, and accepts no link then', async () => {
  const { url } = await listeningApp(service.redis, { API_KEYS });
  const response = await postLink({ expiresInSeconds: 60 }, { url });
  expect([response.status, await response.json()]).toEqual([
    403,
    expect.objectContaining({ code: 'LINKS_DISABLED', detail: expect.stringContaining('must set LINK_SECRET') }),
  ]);
  for (const secret of ['', 'undefined'])
    expect((await fetch(url + signLink(`/jobs/${batchId}-0/result`, inSeconds(60), secret))).status).toBe(403);
});

test('counts links against the rate limit of the address', async () => {
  const settings = { API_KEYS, LINK_SECRET: newSecret, RATE_LIMIT_REQUESTS: '2', QUEUE_PREFIX: '{limited}' };
  const { url } = await listeningApp(service.redis, settings);
  const link = url + signLink(`/jobs/${batchId}-0/original`, inSeconds(60), newSecret);
  const statuses: number[] = [];
  for (const each of [`${link}x`, `${link}x`, link, `${link}x`]) statuses.push((await fetch(each)).status);
  expect(statuses).toEqual([403, 403, 429, 429]);
});

test('never logs a signature', async () => {
  const link = signLink(`/jobs/${batchId}-0/original`, inSeconds(60), newSecret);
  const signature = new URL(link, api.url).searchParams.get('signature') ?? '';
  for (const path of [link, `${link}&x`, link.replace('jobs', 'nowhere'), link.replace('original', 'links')])
    await (await get(path)).body?.cancel();
  await until(() => api.output().includes(`"url":"/jobs/${batchId}-0/links"`));
  expect(api.output()).toContain('"code":"LINK_INVALID"');
  expect(api.output()).not.toContain(signature);
  expect(api.output()).not.toMatch(/signature=/);
});
