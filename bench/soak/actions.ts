import { randomUUID } from 'node:crypto';
import type { BatchResponse } from '../../src/api/views/status.ts';
import type { Random } from '../../tests/support/random.ts';

/** The images and URLs that the clients send. */
export interface Material {
  images: readonly Buffer[];
  /** Files that look like images and fail. */
  broken: readonly Buffer[];
  /** Address of an image to import. */
  fileUrl: string;
  webhookUrl: string;
}

const WAIT = { Prefer: 'wait=20' };
/** Time limit of a request, so that a batch that never ends cannot hold up the end of the run. */
const TIMEOUT_MS = 120_000;

/** Creates the actions of one client. Statuses of refusals are counted, and are no errors: clients of the same batch overtake each other. */
export function createActions({
  url,
  material,
  random,
  note,
}: {
  url: string;
  material: Material;
  random: Random;
  note(what: string): void;
}) {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const oneIn = (times: number) => random(times) === 0;

  async function request(path: string, init?: RequestInit): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await fetch(url + path, { ...init, signal });
    if (!response.ok) note(`status ${response.status}`);
    return response;
  }

  async function send(path: string, init?: RequestInit): Promise<void> {
    await (await request(path, init)).arrayBuffer();
  }

  async function post(body: BodyInit, headers: Record<string, string>): Promise<string | undefined> {
    const response = await request('/process-images', { method: 'POST', body, headers });
    const { batchId } = (await response.json()) as { batchId?: string };
    if (batchId !== undefined) note('batches');
    return batchId;
  }

  async function read(batchId: string): Promise<BatchResponse | undefined> {
    const response = await request(`/batches/${batchId}`);
    const body = (await response.json()) as BatchResponse;
    return response.ok ? body : undefined;
  }

  /** Makes a new image of an old one: decoders ignore what follows the image. */
  const changed = (image: Buffer) => Buffer.concat([image, Buffer.from(randomUUID())]);

  function form(): FormData {
    const body = new FormData();
    for (let file = random(4); file >= 0; file -= 1) {
      const image = oneIn(8) ? pick(material.broken) : pick(material.images);
      body.append('images', new Blob([new Uint8Array(oneIn(2) ? image : changed(image))]), `photo ${file}.jpg`);
    }
    body.append('width', String(50 + random(100)));
    if (oneIn(4)) body.append('variants', '[{"name":"small","width":40},{"name":"soft","blur":2}]');
    if (oneIn(4)) body.append('tags', pick(['shop', 'blog', 'a "quoted" tag']));
    if (oneIn(3)) body.append('webhook', material.webhookUrl);
    return body;
  }

  async function follow(batchId: string, events: number): Promise<void> {
    const leaving = new AbortController();
    const response = await request(`/batches/${batchId}/events`, { signal: leaving.signal });
    try {
      for await (const _ of response.body ?? []) if (--events <= 0) break;
    } finally {
      leaving.abort();
    }
  }

  return {
    upload: () => post(form(), oneIn(2) ? { 'Idempotency-Key': randomUUID() } : {}),
    uploadRaw: () => post(new Uint8Array(changed(pick(material.images))), { 'Content-Type': 'image/jpeg' }),

    importFiles() {
      const files = Array.from({ length: 1 + random(3) }, () => ({ url: material.fileUrl }));
      return post(JSON.stringify({ files }), { 'Content-Type': 'application/json' });
    },

    /** Leaves in the middle of the body. */
    async abortUpload(): Promise<undefined> {
      const leaving = new AbortController();
      const image = new Uint8Array(pick(material.images));
      const body = new ReadableStream({
        async pull(controller) {
          controller.enqueue(image.subarray(0, image.length / 2));
          await new Promise((soon) => setTimeout(soon, random(50)));
          leaving.abort();
          // undici reads on even after the abort.
          controller.error(new Error('left'));
        },
      });
      const init = {
        method: 'POST',
        body,
        duplex: 'half',
        signal: leaving.signal,
        headers: { 'Content-Type': 'image/jpeg' },
      };
      await request('/process-images', init as RequestInit).catch(() => note('aborted uploads'));
    },

    streamToEnd: (batchId: string) => follow(batchId, Number.POSITIVE_INFINITY),
    leaveStream: (batchId: string) => follow(batchId, 1 + random(2)),
    wait: (batchId: string) => send(`/batches/${batchId}`, { headers: WAIT }),
    leave: async (_batchId: string) => {},

    remove: (batchId: string) => send(`/batches/${batchId}`, { method: 'DELETE' }),
    cancel: (batchId: string) => send(`/batches/${batchId}/cancel`, { method: 'POST' }),
    retry: (batchId: string) => send(`/batches/${batchId}/retry`, { method: 'POST' }),
    reprocess: (batchId: string) =>
      send(`/batches/${batchId}/reprocess`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ width: 30 + random(50), format: pick(['webp', 'png', 'jpeg']) }),
      }),

    async removeFile(batchId: string) {
      const batch = await read(batchId);
      if (batch) await send(`/jobs/${pick(batch.files).jobId}`, { method: 'DELETE' });
    },

    async readFiles(batchId: string) {
      const batch = await read(batchId);
      for (const { jobId } of batch?.files ?? []) {
        await send(`/jobs/${jobId}/result`);
        await send(`/jobs/${jobId}/original`);
      }
      await send(`/batches/${batchId}/archive`);
      await send('/batches?limit=20');
    },

    /** Reads the begin of an archive. */
    async leaveArchive(batchId: string) {
      const leaving = new AbortController();
      const response = await request(`/batches/${batchId}/archive`, { signal: leaving.signal });
      await response.body?.getReader().read();
      leaving.abort();
    },
  };
}
