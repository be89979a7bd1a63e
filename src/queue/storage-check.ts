import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../shared/config.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from './connection.ts';
import { serviceKeys } from './keys.ts';
import { createGuard } from './redis-timeout.ts';

/** Milliseconds for which processes that start at the same moment create the same id: far longer than a start takes. */
const NEW_ID_LIFE_MS = 10 * 60 * 1000;
/** Seconds after which a client may try again while the storage is not confirmed. */
const RETRY_AFTER_SECONDS = 2;

/** A part of the storage: the setting that names it, where its id is kept, and the id. */
interface StoragePart {
  setting: string;
  idFile: string;
  id: string;
}

/** Whether this process uses the storage of its queue. It must take no work before that is confirmed. */
export interface StorageCheck {
  /** Resolves once it is confirmed, however long Redis or the storage is away. Rejects with {@link ConfigError} when it is not. */
  confirmed: Promise<void>;
  /** @throws {ServiceError} `STORAGE_UNAVAILABLE` as long as it is not confirmed */
  require(): void;
}

/**
 * Starts to check whether this process uses the storage of its queue. The first process of a queue notes the ids of its storage in
 * Redis; the storage of every other process must have the same ids.
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
  storage: { identify(newId: (address: string) => Promise<string>): Promise<readonly StoragePart[]> };
  logger: Logger;
}): StorageCheck {
  const guard = createGuard(redis);
  const keys = serviceKeys(prefix);
  let isConfirmed = false;

  /** @returns the value of a key: the one given, when it has none yet */
  async function note(key: string, value: string, lifeMs?: number): Promise<string> {
    // Read first: a Redis that is full refuses every write.
    const noted = await redis.get(key);
    if (noted !== null) return noted;
    await (lifeMs === undefined ? redis.set(key, value, 'NX') : redis.set(key, value, 'PX', lifeMs, 'NX'));
    return (await redis.get(key)) ?? value;
  }

  const newId = (address: string) => guard(() => note(keys.newStorageId(address), randomUUID(), NEW_ID_LIFE_MS));

  async function compare(): Promise<void> {
    const name = ({ setting, id }: StoragePart) => `${setting}=${id}`;
    // Without Redis nothing can be compared, and the connection itself says that it is away.
    if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
    const parts = await storage.identify(newId);
    const noted = (await guard(() => note(keys.storage, parts.map(name).join(' ')))).split(' ');
    const others = parts.filter((part) => !noted.includes(name(part)));
    if (others.length > 0) throw new ConfigError(explain(others, keys.storage));
  }

  async function confirm(): Promise<void> {
    for (let said = ''; !isConfirmed; ) {
      try {
        await compare();
        isConfirmed = true;
      } catch (err) {
        if (err instanceof ConfigError) throw err;
        const { code, message } = err as ServiceError;
        if (code !== 'QUEUE_UNAVAILABLE' && message !== said) {
          logger.error({ err }, 'the storage cannot be identified; no work is taken until it can');
          said = message;
        }
        await delay(RECONNECT_DELAY_MS);
      }
    }
  }

  const confirmed = confirm();
  // It may reject before anything waits for it, which would end the process without a word.
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

function explain(others: readonly StoragePart[], key: string): string {
  const names = others.map(({ setting, idFile }) => `${setting} (${idFile})`).join(', ');
  return [
    `This process does not use the storage of its queue. The queue has another id for ${names}.`,
    'Set UPLOAD_DIR, PROCESSED_DIR and STORAGE_URL to the storage that the other processes of this queue use.',
    'If you moved the storage on purpose, move that id file along with the other files.',
    `If you replaced it on purpose, stop all processes, run: redis-cli DEL '${key}', and start them again.`,
  ].join('\n');
}
