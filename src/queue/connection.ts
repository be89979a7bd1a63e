import type { RedisOptions } from 'ioredis';
import type { RedisConfig } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';
import { Cluster, Redis } from './redis-packages.ts';

/** Constant and short, so that both processes reconnect within a second after Redis is back, however long the outage was. */
export const RECONNECT_DELAY_MS = 500;

/**
 * Idle timeout of a connection that waits for Redis. A network outage leaves half-open connections. TCP may need as long as the outage
 * lasted to notice, because its retries back off. The timeout is longer than a blocking command, and longer than Redis may hang: if we
 * closed the connection earlier, Redis would still execute the commands it has received, and we would never get the replies.
 */
const IDLE_TIMEOUT_MS = 40_000;
/** Time after which TCP sends a keep-alive probe on an idle connection. */
const KEEP_ALIVE_MS = 10_000;

/** A connection to a single Redis server, to the master that Sentinel reports, or to a cluster. */
export type RedisConnection = Redis | Cluster;

/** Returns the servers that accept writes: the single server, or every master of a cluster. */
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
    // After a failover the old master keeps its connections but rejects writes. 2 = reconnect, and send the rejected command again, to
    // the new master.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });

  // ioredis emits an error for each failed attempt to reconnect. We log only one per outage.
  let isDown = false;
  redis.on('error', (err: Error) => {
    if (!isDown) logger.error({ err }, 'Redis is unreachable; reconnecting until it responds');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) logger.info('Redis is reachable again');
    isDown = false;
  });
  return redis;
}

/** Opens a connection to the configured cluster, else to the master that Sentinel reports, else to the single server. */
export function open(config: Partial<RedisConfig>, options: ConnectionOptions): RedisConnection {
  const { url, username, password, isTls, sentinels = [], sentinelName, sentinelPassword, cluster = [] } = config;
  const tls = isTls ? { tls: {} } : {};
  const common = { ...options, ...tls, ...(username && { username }), ...(password && { password }) };
  if (cluster.length > 0) {
    // These options apply to the cluster as a whole, not to the connections to its nodes.
    const { enableOfflineQueue, retryStrategy, lazyConnect, enableAutoPipelining, ...redisOptions } = common;
    return new Cluster([...cluster], {
      redisOptions,
      clusterRetryStrategy: (times) => retryStrategy?.(times) as number | null,
      // A cluster needs a moment after a failover.
      retryDelayOnClusterDown: 100,
      ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
      ...(enableAutoPipelining !== undefined && { enableAutoPipelining }),
      ...(lazyConnect !== undefined && { lazyConnect }),
      // With TLS the host names of the nodes must not be resolved to addresses, since the certificates contain the names.
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

/** Milliseconds beyond the timeout of an operation after which a connection of the API counts as dead. */
const SOCKET_MARGIN_MS = 4000;

/** Opens a connection for the API. A command that cannot be sent now fails at once, so that the client gets a response. */
export function connectProducer(config: RedisConfig, logger: Logger): RedisConnection {
  return connect(config, logger, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    // Longer than any operation waits, so that a slow response does not cost the connection.
    socketTimeout: config.timeoutMs + SOCKET_MARGIN_MS,
  });
}

/** Opens a connection for the worker. Commands wait until Redis is reachable. BullMQ requires `maxRetriesPerRequest: null`. */
export function connectConsumer(config: RedisConfig, logger: Logger): RedisConnection {
  return connect(config, logger, { maxRetriesPerRequest: null, socketTimeout: IDLE_TIMEOUT_MS });
}
