import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** Data of the job that imports one file. It has the id of the file's job. */
export const importJobPayload = z.object({
  url: z.string(),
  /** Id of the upload's request, for the log. */
  requestId: z.string().optional(),
});
/** See {@link importJobPayload}. */
export type ImportJobPayload = z.infer<typeof importJobPayload>;

/** As many attempts as the processing of a file has. The file's job records the outcome, so nothing is kept. */
export const importJobOptions = {
  attempts: 3,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
} as const satisfies JobsOptions;

/** Milliseconds for which a file's job is held until its import has ended. The import releases it: this delay never passes. */
export const HELD_MS = 365 * 24 * 60 * 60 * 1000;
