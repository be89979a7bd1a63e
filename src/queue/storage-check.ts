import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../shared/config.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from './connection.ts';
import { serviceKeys } from './keys.ts';
import { createRedisTimeout } from './redis-timeout.ts';

/** Lifetime of a new id in Redis. Processes that start at the same time use the same id. A start takes far less time. */
const NEW_ID_LIFE_MS = 10 * 60 * 1000;
/** `Retry-After` in seconds until the storage is confirmed. */
const RETRY_AFTER_SECONDS = 2;

/** A storage location: the setting that configures it, the file that holds its id, and the id. */
interface StorageLocation {
  setting: string;
  idFile: string;
  id: string;
}

/** The check whether this process uses the same storage as the others of its queue. Until then it must not accept work. */
export interface StorageCheck {
  /**
   * Resolves once the storage is confirmed, however long Redis or the storage is unavailable. Rejects with {@link ConfigError} if this
   * process uses another storage.
   */
  confirmed: Promise<void>;
  /** @throws {ServiceError} `STORAGE_UNAVAILABLE` until the storage is confirmed */
  require(): void;
}

/**
 * Starts the check whether this process uses the same storage as the others of its queue. The first process of a queue writes the ids
 * of its storage to Redis. The storage of every other process must have the same ids.
 *
 * @param redis any connection
 */
export function startStorageCheck({
  redis,
  prefix,
  storage,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  storage: { identify(newId: (address: string) => Promise<string>): Promise<readonly StorageLocation[]> };
  logger: Logger;
}): StorageCheck {
  const withTimeout = createRedisTimeout(redis);
  const keys = serviceKeys(prefix);
  let isConfirmed = false;

  /** Returns the value of a key. If it has none, the given value is stored first. */
  async function getOrSet(key: string, value: string, lifeMs?: number): Promise<string> {
    // Read first, since Redis rejects all writes when its memory is full.
    const stored = await redis.get(key);
    if (stored !== null) return stored;
    await (lifeMs === undefined ? redis.set(key, value, 'NX') : redis.set(key, value, 'PX', lifeMs, 'NX'));
    return (await redis.get(key)) ?? value;
  }

  const newId = (address: string) =>
    withTimeout(() => getOrSet(keys.newStorageId(address), randomUUID(), NEW_ID_LIFE_MS));

  async function compare(): Promise<void> {
    const format = ({ setting, id }: StorageLocation) => `${setting}=${id}`;
    // The connection logs that Redis is unreachable, so we only wait.
    if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
    const locations = await storage.identify(newId);
    const expected = await withTimeout(() => getOrSet(keys.storage, locations.map(format).join(' ')));
    const mismatches = locations.filter((location) => !expected.split(' ').includes(format(location)));
    if (mismatches.length > 0) throw new ConfigError(explain(mismatches, keys.storage));
  }

  async function confirm(): Promise<void> {
    for (let lastMessage = ''; !isConfirmed; ) {
      try {
        await compare();
        isConfirmed = true;
      } catch (err) {
        if (err instanceof ConfigError) throw err;
        const { code, message } = err as ServiceError;
        if (code !== 'QUEUE_UNAVAILABLE' && message !== lastMessage) {
          logger.error({ err }, 'the storage cannot be identified; accepting no work until it can');
          lastMessage = message;
        }
        await delay(RECONNECT_DELAY_MS);
      }
    }
  }

  const confirmed = confirm();
  // It may reject before the caller awaits it. Without this handler Node would end the process.
  confirmed.catch(() => undefined);
  return {
    confirmed,
    require() {
      if (isConfirmed) return;
      throw new ServiceError('STORAGE_UNAVAILABLE', ['has not identified its storage yet', RETRY_AFTER_SECONDS], {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    },
  };
}

function explain(mismatches: readonly StorageLocation[], key: string): string {
  const names = mismatches.map(({ setting, idFile }) => `${setting} (${idFile})`).join(', ');
  return [
    `This process does not use the storage of its queue. The queue has another id for ${names}.`,
    'Set UPLOAD_DIR, PROCESSED_DIR and STORAGE_URL to the storage that the other processes of this queue use.',
    'If you moved the storage on purpose, move the id file together with the other files.',
    `If you replaced it on purpose, stop all processes, run: redis-cli DEL '${key}', and start them again.`,
  ].join('\n');
}
