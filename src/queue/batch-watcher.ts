import { QueueEvents } from 'bullmq';
import type { Logger } from '../shared/logger.ts';
import type { RedisConnection } from './connection.ts';
import { batchIdOf, IMAGE_QUEUE } from './names.ts';
import type { QueueClient } from './queue-client.ts';
import type { BatchStatus, Found } from './read-status.ts';

/** Milliseconds between two looks at the same batch, at least, however fast its files move. */
const PAUSE_MS = 100;
/** Milliseconds after which a batch is looked at without a sign: the signs are a hint, and may be lost. */
const LOOK_EVERY_MS = 5000;

/** Told the status of a batch; `undefined` when the batch is gone. */
export type BatchListener = (status: BatchStatus | undefined) => void;

/** Tells about batches as they move, with one subscription however many listen. */
export interface BatchWatcher {
  /** Reads a batch as the queue's client does; whoever asks for it at the same time shares one reading. */
  readBatch(batchId: string): Promise<Found<BatchStatus> | undefined>;
  /**
   * Tells a listener the present status soon and each change from then on. It may be told the same status again.
   *
   * @returns ends it
   */
  watch(batchId: string, listener: BatchListener): () => void;
  /**
   * Waits until a status is as wished, or the batch is gone.
   *
   * @param limitMs milliseconds to wait at most
   * @param signal ends the waiting early
   */
  waitFor(
    batchId: string,
    isWished: (status: BatchStatus) => boolean,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Ends the subscription and all listening. */
  close(): void;
}

interface Watched {
  listeners: Set<BatchListener>;
  timer: NodeJS.Timeout | undefined;
  isReading: boolean;
  isStale: boolean;
}

/**
 * @param redis a connection that waits for Redis, for the watcher alone
 * @param queue reads the statuses
 */
export function createBatchWatcher({
  redis,
  prefix,
  queue,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  queue: Pick<QueueClient, 'readBatch'>;
  logger: Logger;
}): BatchWatcher {
  const watched = new Map<string, Watched>();
  const events = new QueueEvents(IMAGE_QUEUE, { connection: redis, prefix });
  events.on('error', (err) => logger.debug({ err }, 'queue events'));
  const onSign = ({ jobId }: { jobId: string }) => look(batchIdOf(jobId));
  for (const sign of ['active', 'progress', 'completed', 'failed', 'waiting', 'delayed', 'removed'] as const)
    events.on(sign, onSign);
  const lookAgain = setInterval(() => {
    for (const batchId of watched.keys()) look(batchId);
  }, LOOK_EVERY_MS);

  /** Many signs in a short time are one look, and so are many listeners of one batch. */
  function look(batchId: string, pauseMs = PAUSE_MS): void {
    const entry = watched.get(batchId);
    if (!entry) return;
    if (entry.isReading) entry.isStale = true;
    else entry.timer ??= setTimeout(() => void read(batchId, entry), pauseMs);
  }

  async function read(batchId: string, entry: Watched): Promise<void> {
    entry.timer = undefined;
    entry.isReading = true;
    entry.isStale = false;
    try {
      const status = (await queue.readBatch(batchId))?.value;
      for (const listener of entry.listeners) listener(status);
    } catch (err) {
      logger.debug({ err, batchId }, 'batch could not be looked at');
    }
    entry.isReading = false;
    if (entry.isStale) look(batchId);
  }

  const readings = new Map<string, ReturnType<BatchWatcher['readBatch']>>();

  let isClosed = false;
  const watch: BatchWatcher['watch'] = (batchId, listener) => {
    // Who comes after the end would otherwise wait for ever, and keep the API from ending.
    if (isClosed) {
      queueMicrotask(() => listener(undefined));
      return () => {};
    }
    const entry = watched.get(batchId) ?? { listeners: new Set(), timer: undefined, isReading: false, isStale: false };
    watched.set(batchId, entry);
    entry.listeners.add(listener);
    look(batchId, 0);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0) return;
      clearTimeout(entry.timer);
      if (watched.get(batchId) === entry) watched.delete(batchId);
    };
  };

  return {
    watch,

    readBatch(batchId) {
      const reading = readings.get(batchId) ?? queue.readBatch(batchId).finally(() => readings.delete(batchId));
      readings.set(batchId, reading);
      return reading;
    },

    waitFor(batchId, isWished, limitMs, signal) {
      return new Promise((resolve) => {
        const end = () => {
          stop();
          clearTimeout(limit);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const limit = setTimeout(end, limitMs);
        const stop = watch(batchId, (status) => {
          if (!status || isWished(status)) end();
        });
        signal.addEventListener('abort', end);
        if (signal.aborted) end();
      });
    },

    close() {
      isClosed = true;
      clearInterval(lookAgain);
      for (const { timer, listeners } of watched.values()) {
        clearTimeout(timer);
        for (const listener of listeners) listener(undefined);
      }
      watched.clear();
      // Not waited for: while Redis is away, BullMQ waits for it to say good-bye.
      events.close().catch((err) => logger.debug({ err }, 'queue events'));
      redis.disconnect();
    },
  };
}
