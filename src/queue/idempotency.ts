import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from '../shared/errors.ts';
import type { RedisConnection } from './connection.ts';
import type { ServiceKeys } from './keys.ts';
import type { WithTimeout } from './redis-timeout.ts';
import { parseStored } from './stored-data.ts';

/** Maximum lifetime of a key: a day, far longer than clients retry. */
export const KEY_LIFE_MS = 24 * 60 * 60 * 1000;
/** Duration of a lease. It expires if the API process that holds it dies. */
const LEASE_MS = 15_000;
/** Interval at which a lease is renewed. */
const RENEW_INTERVAL_MS = 5000;

const record = z.object({ batchId: z.uuidv4(), fingerprint: z.string(), totalFiles: z.int().positive() });
/** The upload that is recorded under a key. */
export type IdempotentUpload = z.infer<typeof record>;

/** An `Idempotency-Key` on which one request holds a lease. */
export interface Claim {
  /** The upload that an earlier request recorded under this key, if there is one. */
  readonly first: IdempotentUpload | undefined;
  /** Records the upload under the key, before it is accepted. From now on the key is valid only for this upload. */
  note(upload: IdempotentUpload): Promise<void>;
  /**
   * Deletes the record of an upload that failed after all.
   *
   * @returns whether this request still held the lease; if not, another request may already use the record
   */
  forget(): Promise<boolean>;
  /** Ends the lease, so that other requests can claim the key. */
  release(): void;
}

/** Extends or ends a lease if the token still owns it. KEYS: lease. ARGV: token, duration in ms (0 ends the lease). */
const KEEP_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/** Deletes a record if the token owns the lease. KEYS: lease, record. ARGV: token. */
const FORGET = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
return 1
`;

/**
 * Claims a key for a request (draft-ietf-httpapi-idempotency-key-header).
 *
 * @param owner name of the client's API key, so that equal keys of two clients do not collide
 * @param lifeMs lifetime of the record
 * @throws {ServiceError} `IDEMPOTENCY_KEY_IN_USE` if another request holds the lease
 */
export async function claimKey(
  {
    redis,
    withTimeout,
    keys,
    lifeMs,
  }: { redis: RedisConnection; withTimeout: WithTimeout; keys: ServiceKeys; lifeMs: number },
  owner: string | undefined,
  key: string,
): Promise<Claim> {
  const digest = createHash('sha256')
    .update(JSON.stringify([owner, key]))
    .digest('hex');
  const recordKey = keys.idempotency(digest);
  const leaseKey = `${recordKey}:lease`;
  const token = randomUUID();
  if (!(await withTimeout(() => redis.set(leaseKey, token, 'PX', LEASE_MS, 'NX')))) throw inUse();
  const keepLease = (ms: number) => void redis.eval(KEEP_LEASE, 1, leaseKey, token, ms).catch(() => undefined);
  const renewal = setInterval(keepLease, RENEW_INTERVAL_MS, LEASE_MS);
  const release = () => {
    clearInterval(renewal);
    keepLease(0);
  };
  try {
    const stored = await withTimeout(() => redis.get(recordKey));
    return {
      first: stored === null ? undefined : readRecord(stored),
      async note(upload) {
        const isFirst = await withTimeout(() => redis.set(recordKey, JSON.stringify(upload), 'PX', lifeMs, 'NX'));
        // The lease has expired, and another request has recorded its upload meanwhile.
        if (!isFirst) throw inUse();
      },
      async forget() {
        return (await withTimeout(() => redis.eval(FORGET, 2, leaseKey, recordKey, token))) === 1;
      },
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

function readRecord(stored: string): IdempotentUpload {
  const { data, error } = record.safeParse(parseStored(stored));
  if (data) return data;
  throw new ServiceError('INTERNAL_ERROR', ['unreadable key'], { cause: error });
}

function inUse(): ServiceError {
  return new ServiceError('IDEMPOTENCY_KEY_IN_USE', [], { retryAfterSeconds: 1 });
}
