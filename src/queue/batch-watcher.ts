import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../shared/logger.ts';
import { batchIdOf } from './names.ts';
import type { QueueClient } from './queue-client.ts';
import type { BatchStatus, Found } from './read-status.ts';

/** Interval at which events are read while a batch is watched. So this is also the minimum time between two reads of a batch. */
const READ_INTERVAL_MS = 100;
/** Interval at which watched batches are read without an event, since events can be lost. */
const POLL_INTERVAL_MS = 5000;

/** Receives the status of a batch; `undefined` if the batch does not exist (any more) or the watcher is closed. */
export type BatchListener = (status: BatchStatus | undefined) => void;

/** Watches batches for any number of listeners. BullMQ's events tell which of them have changed. */
export interface BatchWatcher {
  /** Reads the status of a batch. Simultaneous calls for the same batch share one read. */
  readBatch(batchId: string): Promise<Found<BatchStatus> | undefined>;
  /**
   * Calls a listener with the current status, and then after each change. It may receive the same status several times.
   *
   * @returns a function that removes the listener
   */
  watch(batchId: string, listener: BatchListener): () => void;
  /**
   * Waits until the status meets a condition, the batch is gone, or the time is over.
   *
   * @param timeoutMs maximum time to wait
   * @param signal ends the wait early
   */
  waitFor(
    batchId: string,
    condition: (status: BatchStatus) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Ends all watching. All listeners receive `undefined`. */
  close(): void;
}

interface Watched {
  listeners: Set<BatchListener>;
  timer: NodeJS.Timeout | undefined;
  isReading: boolean;
  isStale: boolean;
}

/** Creates a {@link BatchWatcher}. */
export function createBatchWatcher({
  queue,
  logger,
}: {
  queue: Pick<QueueClient, 'readBatch' | 'readEvents'>;
  logger: Logger;
}): BatchWatcher {
  const watched = new Map<string, Watched>();
  let isReadingEvents = false;
  const poll = setInterval(() => {
    for (const batchId of watched.keys()) scheduleRead(batchId);
  }, POLL_INTERVAL_MS);

  /** Reads events as long as a batch is watched. Without listeners, each event would cost the API and Redis as much as a command. */
  async function readEvents(): Promise<void> {
    if (isReadingEvents) return;
    isReadingEvents = true;
    for (let last: string | undefined; watched.size > 0; await delay(READ_INTERVAL_MS)) {
      try {
        const events = await queue.readEvents(last);
        last = events.last;
        for (const batchId of new Set(events.jobIds.map(batchIdOf))) scheduleRead(batchId, 0);
      } catch (err) {
        logger.debug({ err }, 'the events could not be read');
      }
    }
    isReadingEvents = false;
  }

  /** Schedules one read for all events of the next {@link READ_INTERVAL_MS} and for all listeners of the batch. */
  function scheduleRead(batchId: string, delayMs = READ_INTERVAL_MS): void {
    const entry = watched.get(batchId);
    if (!entry) return;
    if (entry.isReading) entry.isStale = true;
    else entry.timer ??= setTimeout(() => void read(batchId, entry), delayMs);
  }

  async function read(batchId: string, entry: Watched): Promise<void> {
    entry.timer = undefined;
    entry.isReading = true;
    entry.isStale = false;
    try {
      const status = (await queue.readBatch(batchId))?.value;
      for (const listener of entry.listeners) listener(status);
    } catch (err) {
      logger.debug({ err, batchId }, 'a watched batch could not be read');
    }
    entry.isReading = false;
    if (entry.isStale) scheduleRead(batchId);
  }

  const pendingReads = new Map<string, ReturnType<BatchWatcher['readBatch']>>();

  let isClosed = false;
  const watch: BatchWatcher['watch'] = (batchId, listener) => {
    // Without this, a request that arrives during the shutdown would never get a status, and the API could not exit.
    if (isClosed) {
      queueMicrotask(() => listener(undefined));
      return () => {};
    }
    const entry = watched.get(batchId) ?? { listeners: new Set(), timer: undefined, isReading: false, isStale: false };
    watched.set(batchId, entry);
    entry.listeners.add(listener);
    // In this order, so that no event between the two is missed.
    void readEvents();
    scheduleRead(batchId, 0);
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
      const read = pendingReads.get(batchId) ?? queue.readBatch(batchId).finally(() => pendingReads.delete(batchId));
      pendingReads.set(batchId, read);
      return read;
    },

    waitFor(batchId, condition, timeoutMs, signal) {
      return new Promise((resolve) => {
        const end = () => {
          stop();
          clearTimeout(timeout);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timeout = setTimeout(end, timeoutMs);
        const stop = watch(batchId, (status) => {
          if (!status || condition(status)) end();
        });
        signal.addEventListener('abort', end);
        if (signal.aborted) end();
      });
    },

    close() {
      isClosed = true;
      clearInterval(poll);
      for (const { timer, listeners } of watched.values()) {
        clearTimeout(timer);
        for (const listener of listeners) listener(undefined);
      }
      watched.clear();
    },
  };
}
