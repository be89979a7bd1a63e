import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from '../shared/errors.ts';
import type { RedisConnection } from './connection.ts';
import type { Guard } from './guard.ts';
import type { ServiceKeys } from './keys.ts';

/** Milliseconds for which a key is remembered, at most: a day, far longer than any client goes on trying. */
export const KEY_LIFE_MS = 24 * 60 * 60 * 1000;
/** Milliseconds after which the key of a request whose API died is free again. */
const LEASE_MS = 15_000;
/** Milliseconds between two renewals of the lease. */
const RENEW_EVERY_MS = 5000;

const record = z.object({ batchId: z.uuidv4(), fingerprint: z.string(), totalFiles: z.int().positive() });
/** The upload that a key stands for. */
export type IdempotentUpload = z.infer<typeof record>;

/** An `Idempotency-Key` in the hands of one request; nobody else can use it meanwhile. */
export interface Claim {
  /** What was first sent with this key, if anything got as far as that. */
  readonly first: IdempotentUpload | undefined;
  /** Notes what is about to be accepted. From here on the key stands for that upload and no other. */
  note(upload: IdempotentUpload): Promise<void>;
  /**
   * Takes the note back, since the upload was refused after all.
   *
   * @returns whether it was still ours to take: the lease may have run out, and another request have gone on with it
   */
  forget(): Promise<boolean>;
  /** Lets others use the key. */
  release(): void;
}

/** Extends a lease, or ends it, as long as it is still one's own. KEYS: lease. ARGV: token, milliseconds (0: end). */
const KEEP_LEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/** Takes a note back for whoever holds the lease. KEYS: lease, note. ARGV: token. */
const FORGET = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
return 1
`;

/**
 * Claims a key for a request, as draft-ietf-httpapi-idempotency-key-header has it.
 *
 * @param owner whose key it is: two clients that choose the same one do not meet, as long as they have API keys
 * @param lifeMs milliseconds for which it is remembered
 * @throws {ServiceError} `IDEMPOTENCY_KEY_IN_USE` while another request has it
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
      first: noted === null ? undefined : record.parse(JSON.parse(noted)),
      async note(upload) {
        const isFirst = await guard(() => redis.set(noteKey, JSON.stringify(upload), 'PX', lifeMs, 'NX'));
        // The lease ran out, and another request was faster.
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

function inUse(): ServiceError {
  return new ServiceError(
    'IDEMPOTENCY_KEY_IN_USE',
    'An upload with this Idempotency-Key is still being received. Wait for its answer, or send this again in a second.',
    { headers: { 'Retry-After': '1' } },
  );
}
