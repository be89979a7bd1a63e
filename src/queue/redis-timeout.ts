import { ReplyError } from 'ioredis';
import { ServiceError } from '../shared/errors.ts';
import type { RedisConnection } from './connection.ts';
import { isUnreadable } from './stored-data.ts';

/** Milliseconds that one operation may take: the promise is an answer within a second, also when Redis hangs. */
const OPERATION_LIMIT_MS = 750;
/** Seconds after which a client may try again when Redis is away. */
const RETRY_AFTER_SECONDS = 2;

/** `QUEUE_UNAVAILABLE` without an answer: the operation may have been done, or may yet be. */
export class UncertainError extends ServiceError<'QUEUE_UNAVAILABLE'> {}

type Unavailable = typeof ServiceError<'QUEUE_UNAVAILABLE'>;

/**
 * Runs an operation on Redis under a time limit.
 *
 * @param Unanswered what to throw when it is not known whether the operation was done, for whom that makes a difference
 * @throws {ServiceError} `QUEUE_UNAVAILABLE`
 */
export type Guard = <T>(operation: () => Promise<T>, Unanswered?: Unavailable) => Promise<T>;

/**
 * Makes the guard of a connection that fails fast.
 *
 * @param limitMs milliseconds that an operation may take
 */
export function createGuard(redis: RedisConnection, limitMs = OPERATION_LIMIT_MS): Guard {
  return async (operation, Unanswered: Unavailable = ServiceError) => {
    // Before the first connection BullMQ waits without end, so it is not even asked.
    if (redis.status !== 'ready') throw unavailable(ServiceError);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer from Redis within ${limitMs} ms`)), limitMs);
    });
    try {
      return await Promise.race([operation(), limit]);
    } catch (cause) {
      // `QUEUE_UNAVAILABLE` asks the client to retry, which does not heal stored data.
      if (isUnreadable(cause) || cause instanceof ServiceError) throw cause;
      // What Redis itself says is an answer, such as that its memory is full; a transaction is then refused whole.
      throw unavailable(cause instanceof ReplyError ? ServiceError : Unanswered, cause);
    } finally {
      clearTimeout(timer);
    }
  };
}

function unavailable(Kind: Unavailable, cause?: unknown): ServiceError {
  return new Kind('QUEUE_UNAVAILABLE', [RETRY_AFTER_SECONDS], { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
