import { Counter, Histogram } from 'prom-client';
import type { FailureCode } from '../shared/failures.ts';
import { createRegistry, type MetricsPage, readRegistry } from '../shared/metrics.ts';
import type { StorageErrorCode } from './outcome.ts';

/** Outcome of an attempt to process a file. */
type Outcome = 'completed' | 'failed' | 'retried';
/** Reason why a child process ended early. `silence`: it did not respond. */
type EndOfChild = 'time' | 'memory' | 'crash' | 'silence';

/** Outcome of an attempt to deliver a webhook. `given up`: no other attempt follows. */
type WebhookOutcome = 'delivered' | 'failed' | 'given up';

/** Outcome of an attempt to import a file. */
type ImportOutcome = 'completed' | 'failed' | 'retried';

/** The Prometheus metrics of a worker. No label contains values that a client can choose. */
export interface WorkerMetrics {
  /** Counts the end of an attempt. */
  jobEnded(outcome: Outcome): void;
  /** Counts a file that failed for good. */
  fileFailed(code: FailureCode): void;
  /** @param seconds time from the upload of a file until a child process started on it */
  waited(seconds: number): void;
  /** @param seconds time that a child process took for a file */
  processed(seconds: number): void;
  /** Counts a file that got the result of an earlier file. */
  resultReused(): void;
  /** Counts a child process that ended early. */
  childEnded(reason: EndOfChild): void;
  /** Counts a job that was delayed because of a storage failure. */
  storageAwaited(code: StorageErrorCode): void;
  /** Counts an attempt to deliver a webhook. */
  webhookAttempted(outcome: WebhookOutcome): void;
  /** Counts an attempt to import a file. */
  importEnded(outcome: ImportOutcome): void;
  /** Counts the batches and files that a sweep removed. */
  sweepEnded(removed: { expired: number; lost: number; unfinished: number }): void;
  /** Returns all metrics as text: those of all processes of this worker. */
  read(): Promise<MetricsPage>;
}

/** Creates the metrics of a worker. */
export function createWorkerMetrics(): WorkerMetrics {
  const registry = createRegistry();
  const registers = [registry];
  const jobs = new Counter({
    name: 'image_jobs_total',
    help: 'Attempts to process a file, by outcome; "retried" if another attempt follows',
    labelNames: ['outcome'],
    registers,
  });
  const failures = new Counter({
    name: 'image_failures_total',
    help: 'Files that failed for good, by failure code',
    labelNames: ['code'],
    registers,
  });
  const wait = new Histogram({
    name: 'image_queue_wait_seconds',
    help: 'Time from the upload of a file until a child process starts on it, first attempts only',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
    registers,
  });
  const processing = new Histogram({
    name: 'image_processing_seconds',
    help: 'Time that a child process took for the results of a file',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const reused = new Counter({
    name: 'image_results_reused_total',
    help: 'Files that got the result of an earlier file and were not processed',
    registers,
  });
  const children = new Counter({
    name: 'image_processes_ended_total',
    help: 'Child processes that ended early: over the time or memory limit, crashed, or unresponsive',
    labelNames: ['reason'],
    registers,
  });
  const storageWaits = new Counter({
    name: 'image_storage_waits_total',
    help: 'Jobs delayed because the storage was full or unavailable, by error code',
    labelNames: ['code'],
    registers,
  });
  const imports = new Counter({
    name: 'image_imports_total',
    help: 'Attempts to import a file by URL, by outcome; "retried" if another attempt follows',
    labelNames: ['outcome'],
    registers,
  });
  const webhooks = new Counter({
    name: 'webhook_attempts_total',
    help: 'Attempts to deliver a webhook, by outcome; "given up" if no other attempt follows',
    labelNames: ['outcome'],
    registers,
  });
  const sweeps = new Counter({
    name: 'sweep_removed_total',
    help: 'Removals by the sweeper: expired batches, originals without a batch (lost), unfinished files and uploads',
    labelNames: ['what'],
    registers,
  });

  return {
    jobEnded: (outcome) => jobs.inc({ outcome }),
    fileFailed: (code) => failures.inc({ code }),
    waited: (seconds) => wait.observe(seconds),
    processed: (seconds) => processing.observe(seconds),
    resultReused: () => reused.inc(),
    childEnded: (reason) => children.inc({ reason }),
    storageAwaited: (code) => storageWaits.inc({ code }),
    webhookAttempted: (outcome) => webhooks.inc({ outcome }),
    importEnded: (outcome) => imports.inc({ outcome }),
    sweepEnded(removed) {
      for (const [what, count] of Object.entries(removed)) sweeps.inc({ what }, count);
    },
    read: () => readRegistry(registry),
  };
}
