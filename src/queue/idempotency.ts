import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from '../shared/errors.ts';
import type { RedisConnection } from './connection.ts';
import type { ServiceKeys } from './keys.ts';
import type { Guard } from './redis-timeout.ts';
import { parseStored } from './stored-data.ts';

/** Maximum milliseconds for which a key is remembered: a day, far longer than clients retry. */
export const KEY_LIFE_MS = 24 * 60 * 60 * 1000;
/** Milliseconds after which a key is free again if the API that held it died. */
const LEASE_MS = 15_000;
/** Milliseconds between two renewals of the lease. */
const RENEW_EVERY_MS = 5000;

const record = z.object({ batchId: z.uuidv4(), fingerprint: z.string(), totalFiles: z.int().positive() });
/** The upload that a key stands for. */
export type IdempotentUpload = z.infer<typeof record>;

/** An `Idempotency-Key` that one request holds exclusively. */
export interface Claim {
  /** The first upload that was noted under this key, if there is one. */
  readonly first: IdempotentUpload | undefined;
  /** Notes the upload that is about to be accepted. From here on the key stands for that upload alone. */
  note(upload: IdempotentUpload): Promise<void>;
  /**
   * Deletes the note of an upload that was refused after all.
   *
   * @returns whether this request still held the lease; otherwise another request may have continued with the note
   */
  forget(): Promise<boolean>;
  /** Lets other requests use the key. */
  release(): void;
}

/** Extends or ends a lease if the token still owns it. KEYS: lease. ARGV: token, milliseconds (0: end). */
const KEEP_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/** Deletes a note if the token owns the lease. KEYS: lease, note. ARGV: token. */
const FORGET = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
return 1
`;

/**
 * Claims a key for a request (draft-ietf-httpapi-idempotency-key-header).
 *
 * @param owner name of the client's API key, so that equal keys of two clients do not collide
 * @param lifeMs milliseconds for which the key is remembered
 * @throws {ServiceError} `IDEMPOTENCY_KEY_IN_USE` while another request holds it
 */
export async function claimKey(
  { redis, guard, keys, lifeMs }: { redis: RedisConnection; guard: Guard; keys: ServiceKeys; lifeMs: number },
  owner: string | undefined,
  key: string,
): Promise<Claim> {
  const digest = createHash('sha256')
    .update(JSON.stringify([owner, key]))
    .digest('hex');
  const noteKey = keys.idempotency(digest);
  const leaseKey = `${noteKey}:lease`;
  const token = randomUUID();
  if (!(await guard(() => redis.set(leaseKey, token, 'PX', LEASE_MS, 'NX')))) throw inUse();
  const keepLease = (ms: number) => void redis.eval(KEEP_LEASE, 1, leaseKey, token, ms).catch(() => undefined);
  const renewal = setInterval(keepLease, RENEW_EVERY_MS, LEASE_MS);
  const release = () => {
    clearInterval(renewal);
    keepLease(0);
  };
  try {
    const noted = await guard(() => redis.get(noteKey));
    return {
      first: noted === null ? undefined : readRecord(noted),
      async note(upload) {
        const isFirst = await guard(() => redis.set(noteKey, JSON.stringify(upload), 'PX', lifeMs, 'NX'));
        // The lease has expired, and another request was faster.
        if (!isFirst) throw inUse();
      },
      async forget() {
        return (await guard(() => redis.eval(FORGET, 2, leaseKey, noteKey, token))) === 1;
      },
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

function readRecord(noted: string): IdempotentUpload {
  const { data, error } = record.safeParse(parseStored(noted));
  if (data) return data;
  throw new ServiceError('INTERNAL_ERROR', ['unreadable key'], { cause: error });
}

function inUse(): ServiceError {
  return new ServiceError('IDEMPOTENCY_KEY_IN_USE', [], { retryAfterSeconds: 1 });
}
