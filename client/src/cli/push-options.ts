import type { UploadOptions } from '../types.ts';
import type { Failure } from './journal.ts';

/** What to push, and how. */
export interface PushOptions {
  paths: readonly string[];
  out: string;
  recursive: boolean;
  retryFailed: boolean;
  concurrency: number;
  batchSize: number;
  service: UploadOptions;
  showsProgress: boolean;
  signal: AbortSignal;
  /** Called for each file as soon as it has ended. */
  report(outcome: Outcome): void;
}

/** How a file ended. */
export interface Outcome {
  /** Path of the file, relative to the current folder. */
  source: string;
  state: 'completed' | 'failed';
  /** Paths of the results, relative to the current folder. */
  outputs: string[];
  batchId: string | null;
  jobId: string | null;
  failure: Failure | null;
  /** Whether it had ended in an earlier run. */
  isResumed: boolean;
}
