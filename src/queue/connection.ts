import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';

/** Steady and short, so that both processes are back within a second of Redis, however long it was away. */
export const RECONNECT_DELAY_MS = 500;

/**
 * Milliseconds of silence after which a connection that waits for Redis is given up. A network that was cut leaves connections
 * that nobody ends, and which TCP tries again only after as long as the cut lasted. Longer than a blocking command takes, and
 * than a Redis may hang: what it is given on a connection that is given up meanwhile it does all the same, and tells nobody.
 */
const SILENCE_MS = 40_000;
/** Milliseconds after which a connection on which nothing is said is asked whether it is still there. */
const KEEP_ALIVE_MS = 10_000;

/** A connection to one Redis, to the master that sentinels name, or to a cluster. */
export type RedisConnection = Redis | Cluster;

/** The servers that a connection may write to: one, or every master of a cluster. */
export function mastersOf(redis: RedisConnection): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

function connect(config: RedisConfig, logger: Logger, options: ConnectionOptions): RedisConnection {
  const redis = open(config, {
    ...options,
    connectTimeout: 5000,
    keepAlive: KEEP_ALIVE_MS,
    retryStrategy: () => RECONNECT_DELAY_MS,
    // A master that became a replica refuses to write, and keeps its connections. What it refused was not done: it is sent
    // again, to the new master.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });

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

/** Opens what the configuration names: the cluster, else the sentinels, else one server. */
export function open(config: Partial<RedisConfig>, options: ConnectionOptions): RedisConnection {
  const { url, username, password, isTls, sentinels = [], sentinelName, sentinelPassword, cluster = [] } = config;
  const tls = isTls ? { tls: {} } : {};
  const common = { ...options, ...tls, ...(username && { username }), ...(password && { password }) };
  if (cluster.length > 0) {
    // What is to be done while it is away is said for the cluster as a whole.
    const { enableOfflineQueue, retryStrategy, lazyConnect, enableAutoPipelining, ...redisOptions } = common;
    return new Cluster([...cluster], {
      redisOptions,
      clusterRetryStrategy: (times) => retryStrategy?.(times) as number | null,
      // A cluster that has just failed over is not ready at once.
      retryDelayOnClusterDown: 100,
      ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
      ...(enableAutoPipelining !== undefined && { enableAutoPipelining }),
      ...(lazyConnect !== undefined && { lazyConnect }),
      // Behind TLS the nodes' names must stay names, or their certificates fit nobody.
      ...(isTls && { dnsLookup: (address, callback) => callback(null, address) }),
    });
  }
  if (sentinels.length > 0) {
    return new Redis({
      ...common,
      sentinels: [...sentinels],
      ...(sentinelName && { name: sentinelName }),
      sentinelRetryStrategy: () => RECONNECT_DELAY_MS,
      ...(sentinelPassword && { sentinelPassword }),
      ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    });
  }
  return url
    ? new Redis(url, options)
    : new Redis({ ...common, host: config.host ?? 'localhost', port: config.port ?? 6379 });
}

/** Connection for the API: a command that cannot be sent now fails at once, so that a person is told instead of kept waiting. */
export function connectProducer(config: RedisConfig, logger: Logger): RedisConnection {
  return connect(config, logger, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    socketTimeout: 5000,
  });
}

/** Connection for the worker: it waits for Redis as long as it takes. BullMQ asks for `maxRetriesPerRequest: null`. */
export function connectConsumer(config: RedisConfig, logger: Logger): RedisConnection {
  return connect(config, logger, { maxRetriesPerRequest: null, socketTimeout: SILENCE_MS });
}
