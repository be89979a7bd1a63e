import { AsyncImagesError } from './errors.ts';
import type { WebhookEvent } from './types.ts';

const TOLERANCE_SECONDS = 300;
const SECRET_PREFIX = 'whsec_';

/** Headers of a request, as `fetch` or as Node.js has them. */
export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;

/**
 * Verifies a webhook of the service (Standard Webhooks 1.0.0).
 *
 * @param secrets one secret, or several while a secret is replaced
 * @param body as it arrived, before it is parsed
 * @returns the event
 * @throws {AsyncImagesError} `WEBHOOK_INVALID` if no signature is valid, or if it is older or newer than five minutes
 */
export async function verifyWebhook(
  secrets: string | readonly string[],
  headers: WebhookHeaders,
  body: string | Uint8Array,
): Promise<WebhookEvent> {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature').split(' ');
  const ageSeconds = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(/^\d+$/.test(timestamp) && ageSeconds <= TOLERANCE_SECONDS)) {
    throw invalid(`its timestamp differs from the clock of this machine by more than ${TOLERANCE_SECONDS} seconds`);
  }
  const content = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + content.length);
  signed.set(head);
  signed.set(content, head.length);
  for (const secret of [secrets].flat()) {
    const key = await importKey(secret);
    for (const signature of signatures) {
      const [version, encoded = ''] = signature.split(',');
      const bytes = version === 'v1' ? decodeBase64(encoded) : undefined;
      // `verify` compares in constant time.
      if (bytes && (await crypto.subtle.verify('HMAC', key, bytes, signed))) {
        return JSON.parse(new TextDecoder().decode(content)) as WebhookEvent;
      }
    }
  }
  throw invalid('none of its signatures is made with a secret of yours');
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value === 'string') return value;
  throw invalid(`it has no header ${name}`);
}

async function importKey(secret: string): Promise<CryptoKey> {
  const bytes = decodeBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret);
  if (!bytes) throw invalid('your secret is not valid base64');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function invalid(reason: string): AsyncImagesError {
  return new AsyncImagesError('WEBHOOK_INVALID', `The webhook is refused: ${reason}. Respond with a 4xx status.`);
}
