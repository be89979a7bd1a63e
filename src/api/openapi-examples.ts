import type { BatchStatus, JobStatus } from '../queue/status.ts';
import type { ProblemCode } from '../shared/errors.ts';

/** The batch of all examples. */
export const batchId = '550e8400-e29b-41d4-a716-446655440000';

export const accepted = { batchId, statusUrl: `/batches/${batchId}`, totalFiles: 2 };
export const healthy = { status: 'ok' };

const createdAt = '2026-11-23T06:00:00.000Z';
const first = { jobId: `${batchId}-0`, originalName: 'photo1.jpg' };
const second = { jobId: `${batchId}-1`, originalName: 'photo2.png' };
const waiting = { state: 'waiting', result: null, failedReason: null } as const;
const active = { state: 'active', result: null, failedReason: null } as const;
const failed = { state: 'failed', result: null, failedReason: 'truncated JPEG' } as const;

function completed(file: { jobId: string; originalName: string }) {
  const { jobId, originalName } = file;
  const outputPath = `processed/processed-${jobId}.jpg`;
  const result = { originalName, outputPath, width: 512, height: 418, bytes: 24_518, format: 'jpeg' } as const;
  return { ...file, state: 'completed', result, failedReason: null } as const;
}

export const batches: Record<string, BatchStatus> = {
  waiting: {
    batchId,
    status: 'waiting',
    progress: { total: 2, completed: 0, failed: 0, active: 0, waiting: 2 },
    createdAt,
    files: [
      { ...first, ...waiting },
      { ...second, ...waiting },
    ],
  },
  processing: {
    batchId,
    status: 'processing',
    progress: { total: 2, completed: 1, failed: 0, active: 1, waiting: 0 },
    createdAt,
    files: [completed(first), { ...second, ...active }],
  },
  completed: {
    batchId,
    status: 'completed',
    progress: { total: 2, completed: 2, failed: 0, active: 0, waiting: 0 },
    createdAt,
    files: [completed(first), completed(second)],
  },
  'completed-with-errors': {
    batchId,
    status: 'completed-with-errors',
    progress: { total: 2, completed: 1, failed: 1, active: 0, waiting: 0 },
    createdAt,
    files: [{ ...first, ...failed }, completed(second)],
  },
};

const { jobId } = first;

export const jobs: Record<string, JobStatus> = {
  waiting: { jobId, ...waiting, progress: 0 },
  active: { jobId, ...active, progress: 10 },
  completed: { jobId, state: 'completed', progress: 100, result: completed(first).result, failedReason: null },
  failed: { jobId, ...failed, progress: 100 },
};

/** One `detail` for each code. */
export const problemDetails: Record<ProblemCode, string> = {
  MULTIPART_REQUIRED: 'Send the files as multipart/form-data in the field "images", as in: curl -F images=@photo.jpg …',
  MALFORMED_MULTIPART: 'The form could not be read: Unexpected end of form. Let your client build it, as curl -F does.',
  FILE_REQUIRED: 'There is no file in the field "images". Send at least one.',
  UNEXPECTED_FIELD: 'There is a file in the field "photo". Files belong in the field "images".',
  TOO_MANY_FILES: 'More than 10 files in one upload. Send them in several.',
  EMPTY_FILE: '"empty.jpg" has no content. Leave empty files out and send the rest again.',
  FILE_TOO_LARGE:
    '"huge.png" is larger than 5 MiB, the most that one file may have. Make it smaller and send all again.',
  REQUEST_TOO_LARGE: 'The upload is too large: at most 10 files of 5 MiB each. Send fewer at once.',
  UNSUPPORTED_IMAGE_TYPE:
    '"notes.jpg" is not an image of an accepted type (JPEG, PNG, WebP, GIF, AVIF); its content decides, not its name. Leave it out and send the rest again.',
  BATCH_NOT_FOUND: `There is no batch "${batchId}". Check the id.`,
  JOB_NOT_FOUND: `There is no job "${jobId}". Check the id.`,
  ROUTE_NOT_FOUND: 'There is no /nowhere here. See /docs for what there is.',
  BAD_REQUEST: 'The request could not be understood. Check its address and headers.',
  METHOD_NOT_ALLOWED: 'DELETE is not possible at /healthz. Use GET, HEAD.',
  INTERNAL_ERROR:
    "Something went wrong that should not have. The service's log has it under request 0b9f4a52-6c5e-4c63-9a3c-0f7f3b1f6a11.",
  QUEUE_UNAVAILABLE: 'The service cannot reach its job queue (Redis) at the moment. Try again in 2 seconds.',
  STORAGE_UNAVAILABLE: 'The service could not store the upload (EIO). Try again later.',
  STORAGE_FULL: 'The service could not store the upload: its disk is full (ENOSPC). Try again later.',
};
