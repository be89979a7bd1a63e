import { ServiceError } from '../shared/errors.ts';
import type { RedisConnection } from './connection.ts';
import { ReplyError } from './redis-packages.ts';
import { isUnreadable } from './stored-data.ts';

/** Timeout of one operation of a process that has no setting for it. */
const OPERATION_TIMEOUT_MS = 750;
/** `Retry-After` in seconds while Redis is unreachable. */
const RETRY_AFTER_SECONDS = 2;

/** `QUEUE_UNAVAILABLE` without a response from Redis: Redis may have executed the operation, or may still execute it. */
export class UncertainError extends ServiceError<'QUEUE_UNAVAILABLE'> {}

type Unavailable = typeof ServiceError<'QUEUE_UNAVAILABLE'>;

/**
 * Runs an operation on Redis with a timeout.
 *
 * @param UncertainKind error class to throw if Redis may have executed the operation; by default the same as for other failures
 * @throws {ServiceError} `QUEUE_UNAVAILABLE`
 */
export type WithTimeout = <T>(operation: () => Promise<T>, UncertainKind?: Unavailable) => Promise<T>;

/**
 * Creates a {@link WithTimeout} for a connection that fails fast.
 *
 * @param timeoutMs time limit of each operation
 */
export function createRedisTimeout(redis: RedisConnection, timeoutMs = OPERATION_TIMEOUT_MS): WithTimeout {
  return async (operation, UncertainKind: Unavailable = ServiceError) => {
    // Before the first connection BullMQ would wait without a limit, so we do not start the operation.
    if (redis.status !== 'ready') throw unavailable(ServiceError);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no response from Redis within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([operation(), timeout]);
    } catch (cause) {
      // `QUEUE_UNAVAILABLE` tells the client to retry, but a retry cannot fix unreadable data.
      if (isUnreadable(cause) || cause instanceof ServiceError) throw cause;
      // An error reply (such as "out of memory") is certain: Redis has not executed the command, nor any part of a transaction.
      throw unavailable(cause instanceof ReplyError ? ServiceError : UncertainKind, cause);
    } finally {
      clearTimeout(timer);
    }
  };
}

function unavailable(Kind: Unavailable, cause?: unknown): ServiceError {
  return new Kind('QUEUE_UNAVAILABLE', [RETRY_AFTER_SECONDS], { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
