import { Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';

/** Steady and short, so that both processes are back within a second of Redis, however long it was away. */
export const RECONNECT_DELAY_MS = 500;

function connect(config: RedisConfig, logger: Logger, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const common = { ...options, connectTimeout: 5000, retryStrategy: () => RECONNECT_DELAY_MS };
  const { host, port, password, url } = config;
  const redis = url ? new Redis(url, common) : new Redis({ ...common, host, port, ...(password && { password }) });

  // ioredis reports every failed attempt to reconnect; one line per outage says as much.
  let isDown = false;
  redis.on('error', (err: Error) => {
    if (!isDown) logger.error({ err }, 'Redis is unreachable, trying again until it answers');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) logger.info('Redis answers again');
    isDown = false;
  });
  return redis;
}

/** Connection for the API: a command that cannot be sent now fails at once, so that a person is told instead of kept waiting. */
export function connectProducer(config: RedisConfig, logger: Logger): Redis {
  return connect(config, logger, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    socketTimeout: 5000,
  });
}

/** Connection for the worker: it waits for Redis as long as it takes. BullMQ asks for `maxRetriesPerRequest: null`. */
export function connectConsumer(config: RedisConfig, logger: Logger): Redis {
  return connect(config, logger, { maxRetriesPerRequest: null });
}
