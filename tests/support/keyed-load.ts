import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type File, form } from './client.ts';
import { type Load, startClients } from './load.ts';
import { until } from './processes.ts';
import { seeded } from './random.ts';

/** The files of an upload and, if any, its `variants` field. */
export interface Upload {
  files: readonly File[];
  variants?: string;
}

/** An upload that a client sent under one `Idempotency-Key`, once or several times. */
export interface SentUpload {
  upload: Upload;
  /** Whether its client retries until the upload is acknowledged. */
  isRetried: boolean;
  /** The batch id of each 202 that the client has read to its end. */
  acknowledged: string[];
}

const RETRY_MS = 250;

/**
 * Starts clients that send each upload with a new `Idempotency-Key`. Every second client retries an upload until it is
 * acknowledged, and then sends some of them again. The other clients send each upload once.
 *
 * @param url returns the URL of an API; called before each request
 * @param uploads the uploads from which each client chooses at random
 */
export function startKeyedLoad(
  url: () => string,
  uploads: readonly [Upload, ...Upload[]],
  { clients, seed }: { clients: number; seed: number },
): { load: Load; sent: readonly SentUpload[] } {
  const sent: SentUpload[] = [];
  const randoms = Array.from({ length: clients }, (_, client) => seeded(seed + client));

  const uploadOnce = async (client: number): Promise<Response> => {
    const random = randoms[client] ?? seeded(seed);
    const upload = uploads[random(uploads.length)] ?? uploads[0];
    const record: SentUpload = { upload, isRetried: client % 2 === 0, acknowledged: [] };
    sent.push(record);
    const key = randomUUID();
    const send = async () => {
      const response = await postWithKey(url(), upload, key);
      if (response.status === 202) record.acknowledged.push((await response.clone().json()).batchId);
      return response;
    };
    if (!record.isRetried) return send();
    const response = await until(async () => {
      const last = await send().catch(() => undefined);
      if (last?.status === 202) return last;
      await last?.body?.cancel();
      return delay(RETRY_MS, undefined);
    });
    if (random(3) === 0) await send().catch(() => undefined);
    return response;
  };
  return { load: startClients(uploadOnce, { clients, pauseMs: 150 }), sent };
}

function postWithKey(api: string, { files, variants }: Upload, key: string): Promise<Response> {
  const body = form(files);
  if (variants) body.append('variants', variants);
  return fetch(`${api}/process-images`, { method: 'POST', body, headers: { 'Idempotency-Key': key } });
}
