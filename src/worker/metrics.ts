import { Counter, Histogram } from 'prom-client';
import { createRegistry, type MetricsPage, readRegistry } from '../shared/metrics.ts';

/** How an attempt at a file ended. */
type Outcome = 'completed' | 'failed' | 'retried';
/** Why a child is gone. */
type EndOfChild = 'time' | 'memory' | 'crash' | 'silence';
/** Why a job waits for the storage: the code of the failure. */
export type StorageFault = 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE';

/** What the worker tells Prometheus. No label has values that a client chooses. */
export interface WorkerMetrics {
  /** Counts the end of an attempt. */
  jobEnded(outcome: Outcome): void;
  /** @param seconds from the upload to the moment at which a child began with a file */
  waited(seconds: number): void;
  /** @param seconds that a child took for a file */
  processed(seconds: number): void;
  /** Counts a child that is gone. */
  childEnded(reason: EndOfChild): void;
  /** Counts a job that was put off because of the storage. */
  storageAwaited(code: StorageFault): void;
  /** Counts what a sweep has removed. */
  swept(removed: { expired: number; lost: number; unfinished: number }): void;
  /** All metrics as text. */
  read(): Promise<MetricsPage>;
}

/** Makes the metrics of one worker. */
export function createWorkerMetrics(): WorkerMetrics {
  const registry = createRegistry();
  const registers = [registry];
  const jobs = new Counter({
    name: 'image_jobs_total',
    help: 'Attempts at files by outcome; "retried" where another attempt follows',
    labelNames: ['outcome'],
    registers,
  });
  const wait = new Histogram({
    name: 'image_queue_wait_seconds',
    help: 'From the upload of a file to the moment at which a process begins with it, first attempts alone',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
    registers,
  });
  const processing = new Histogram({
    name: 'image_processing_seconds',
    help: 'Time in which a process made the results of a file',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const children = new Counter({
    name: 'image_processes_ended_total',
    help: 'Processes of one image that are gone before its end: over the limit of time or memory, crashed, or silent',
    labelNames: ['reason'],
    registers,
  });
  const storageWaits = new Counter({
    name: 'image_storage_waits_total',
    help: 'Times that a file was put off because the storage was full or unavailable, by the code of the failure',
    labelNames: ['code'],
    registers,
  });
  const sweeps = new Counter({
    name: 'sweep_removed_total',
    help: 'What sweeps have removed: batches by age (expired), originals without a batch (lost), half-written files (unfinished)',
    labelNames: ['what'],
    registers,
  });

  return {
    jobEnded: (outcome) => jobs.inc({ outcome }),
    waited: (seconds) => wait.observe(seconds),
    processed: (seconds) => processing.observe(seconds),
    childEnded: (reason) => children.inc({ reason }),
    storageAwaited: (code) => storageWaits.inc({ code }),
    swept(removed) {
      for (const [what, count] of Object.entries(removed)) sweeps.inc({ what }, count);
    },
    read: () => readRegistry(registry),
  };
}
