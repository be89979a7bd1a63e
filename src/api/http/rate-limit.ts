import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import { ServiceError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { clientOf } from './authenticate.ts';

const MINUTE_MS = 60_000;

/** Sends a command to Redis. It must have a short timeout, since requests wait for it. */
export type SendCommand = (...command: string[]) => Promise<unknown>;

/** Loads its script on first use, and again after an error. The base class loads it at start, when Redis may be unreachable. */
class LazyRedisStore extends RedisStore {
  #isLoaded = false;

  override async init({ windowMs }: { windowMs: number }): Promise<void> {
    this.windowMs = windowMs;
  }

  override async increment(key: string) {
    try {
      if (!this.#isLoaded) {
        this.incrementScriptSha = this.loadIncrementScript(key);
        await this.incrementScriptSha;
        this.#isLoaded = true;
      }
      return await super.increment(key);
    } catch (error) {
      this.#isLoaded = false;
      throw error;
    }
  }
}

/**
 * Limits the requests of each client. The counts are in Redis, so all API processes share them. If the limiter fails, requests pass.
 *
 * @param what the limited requests, as a word for the `RateLimit` headers
 * @param perMinute maximum requests per client and minute; 0 for no limit
 * @param prefix prefix of the Redis keys
 */
export function limitRate({
  what,
  perMinute,
  prefix,
  send,
  logger,
}: {
  what: string;
  perMinute: number;
  prefix: string;
  send: SendCommand;
  logger: Logger;
}): RequestHandler {
  if (perMinute === 0) return (_req, _res, next) => next();
  return rateLimit({
    windowMs: MINUTE_MS,
    limit: perMinute,
    identifier: what,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (_req, res) => clientOf(res as Parameters<typeof clientOf>[0]).id,
    store: new LazyRedisStore({
      prefix: `${prefix}:${what}:`,
      sendCommand: (...command: string[]) => send(...command) as Promise<RedisReply>,
    }),
    passOnStoreError: true,
    logger: {
      warn: (err) => logger.warn({ err }, 'rate limit'),
      error: (err) => logger.debug({ err }, 'rate limit'),
    },
    validate: false,
    handler: (_req, _res, next) => next(new ServiceError('RATE_LIMITED', [{ perMinute, of: what }])),
  });
}
