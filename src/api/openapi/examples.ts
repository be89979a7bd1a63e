import { imageJobId } from '../../queue/names.ts';
import type { ProblemCode } from '../../shared/errors.ts';
import { batchLinks, jobLinks, resultUrl } from '../views/links.ts';
import type { BatchResponse, JobResponse } from '../views/status.ts';

/** The batch of all examples. */
export const batchId = '550e8400-e29b-41d4-a716-446655440000';

export const accepted = { batchId, statusUrl: `/batches/${batchId}`, totalFiles: 2 };
export const healthy = { status: 'ok' };

const createdAt = '2026-11-23T06:00:00.000Z';
const names = ['photo1.jpg', 'photo2.png'];
const waiting = { state: 'waiting', result: null, failedReason: null } as const;
const active = { state: 'active', result: null, failedReason: null } as const;
const failed = { state: 'failed', result: null, failedReason: 'truncated JPEG' } as const;

function completed(index: number) {
  const jobId = imageJobId(batchId, index);
  const result: NonNullable<JobResponse['result']> = {
    originalName: names[index] ?? '',
    outputPath: `processed/processed-${jobId}.jpg`,
    width: 512,
    height: 418,
    bytes: 24_518,
    format: 'jpeg',
    placeholder: { thumbHash: 'HAiCAQR4eHiIB4eIeIiHiHB4dw==', dominantColor: '#686868' },
    resultUrl: jobLinks(batchId, index).result,
  };
  return { state: 'completed', result, failedReason: null } as const;
}

function withVariants(index: number) {
  const jobId = imageJobId(batchId, index);
  const { result, ...rest } = completed(index);
  const outputs = (['thumb', 'large'] as const).map((name, position) => ({
    name,
    outputPath: `processed/processed-${jobId}-${name}.webp`,
    width: [160, 1600][position] ?? 0,
    height: [131, 1306][position] ?? 0,
    bytes: [3220, 81_404][position] ?? 0,
    format: 'webp' as const,
    resultUrl: resultUrl(jobLinks(batchId, index).self, name),
  }));
  const { outputPath, width, height, bytes, format } = outputs[0] ?? result;
  return { ...rest, result: { ...result, outputPath, width, height, bytes, format, outputs } } as const;
}

type FileState = Pick<JobResponse, 'state' | 'result' | 'failedReason'>;

function batch(status: BatchResponse['status'], first: FileState, second: FileState): BatchResponse {
  const progress = { total: 2, completed: 0, failed: 0, active: 0, waiting: 0 };
  for (const { state } of [first, second]) progress[state] += 1;
  const files = [first, second].map((file, index) => ({
    jobId: imageJobId(batchId, index),
    originalName: names[index] ?? '',
    ...file,
    resultUrl: jobLinks(batchId, index).result,
  }));
  return { batchId, status, progress, createdAt, files, links: batchLinks(batchId) };
}

export const batches = {
  waiting: batch('waiting', waiting, waiting),
  processing: batch('processing', completed(0), active),
  completed: batch('completed', completed(0), completed(1)),
  'completed-with-errors': batch('completed-with-errors', failed, completed(1)),
};

export const finishedUpload = { ...accepted, ...batches.completed };

const jobId = imageJobId(batchId, 0);
const links = jobLinks(batchId, 0);

export const jobs: Record<string, JobResponse> = {
  waiting: { jobId, ...waiting, progress: 0, links },
  active: { jobId, ...active, progress: 10, links },
  completed: { jobId, ...completed(0), progress: 100, links },
  'completed with variants': { jobId, ...withVariants(0), progress: 100, links },
  failed: { jobId, ...failed, progress: 100, links },
};

export const presets = { presets: { avatar: { width: 128, height: 128, position: 'attention' } }, presetsOnly: false };

/** One event, and the last, of a stream. */
export const events = [
  `id: 1\ndata: ${JSON.stringify(batches.processing)}\n\n`,
  `id: 2\nevent: done\ndata: ${JSON.stringify(batches.completed)}\n\n`,
].join('');

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
  CONTENT_ENCODING_UNSUPPORTED:
    'The body is encoded as "gzip". Send it as it is, without Content-Encoding: images are compressed already.',
  INVALID_OPTION: 'width must be a whole number from 1 to 4096. See /docs for every option.',
  INVALID_IDEMPOTENCY_KEY:
    'The Idempotency-Key must be one string of 1 to 255 ASCII characters, such as a random UUID, in double quotes or without.',
  INVALID_PARAMETER: '"varient" is unknown. The address takes these parameters: variant, download.',
  IDEMPOTENCY_KEY_IN_USE:
    'An upload with this Idempotency-Key is still being received. Wait for its answer, or send this again in a second.',
  IDEMPOTENCY_KEY_REUSED:
    'This Idempotency-Key was used for another upload. Use a new key for each upload, and the same only to send the same again.',
  UNAUTHORIZED:
    'This service wants an API key. Send yours as "Authorization: Bearer <key>" or "X-API-Key: <key>"; whoever runs the service hands them out.',
  RATE_LIMITED: 'More than 60 uploads in a minute. Wait for as many seconds as Retry-After says.',
  TOO_MANY_STREAMS:
    'This client already holds as many event streams and waiting requests open as it may. Close some, or poll the batch.',
  BACKLOG_FULL:
    'There are 100024 files waiting, and this service lets no more than 100000 wait. Try again in 3 seconds.',
  DISK_LOW: 'The disk of this service is nearly full. Try again in 60 seconds.',
  BATCH_REMOVED: 'This batch was removed, with its files, at 2026-11-30T06:00:00.000Z.',
  VARIANT_NOT_FOUND: 'There is no variant "huge". There are: thumb, large.',
  JOB_NOT_FINISHED: `The job is active. Ask again, or wait with Prefer: wait=30 at /jobs/${jobId}.`,
  JOB_FAILED: 'There is no result: this file could not be processed (truncated JPEG).',
  BATCH_NOT_FINISHED: `The batch is processing. Ask again, or wait with Prefer: wait=30 at /batches/${batchId}.`,
  FILE_GONE: 'The file was made, but is no longer there: someone has removed it.',
  PRECONDITION_FAILED: 'The file is not the one that If-Match or If-Unmodified-Since names.',
  RANGE_NOT_SATISFIABLE: 'The file does not have that range (bytes */24518).',
  BATCH_NOT_FOUND: `There is no batch "${batchId}". Check the id.`,
  JOB_NOT_FOUND: `There is no job "${jobId}". Check the id.`,
  ROUTE_NOT_FOUND: 'There is no /nowhere here. See /docs for what there is.',
  BAD_REQUEST: 'The request could not be understood. Check its address and headers.',
  METHOD_NOT_ALLOWED: 'DELETE is not possible at /healthz. Use GET, HEAD.',
  REQUEST_TIMEOUT:
    'The upload took too long: for 15 seconds nothing of it arrived. Send it again when the connection is better.',
  HEADERS_TOO_LARGE: 'The address and the headers of the request are too long. Send less in them.',
  INTERNAL_ERROR:
    "Something went wrong that should not have. The service's log has it under request 0b9f4a52-6c5e-4c63-9a3c-0f7f3b1f6a11.",
  QUEUE_UNAVAILABLE: 'The service cannot reach its job queue (Redis) at the moment. Try again in 2 seconds.',
  STORAGE_UNAVAILABLE: 'The service could not store the upload (EIO). Try again later.',
  STORAGE_FULL: 'The service could not store the upload: its storage is full (ENOSPC). Try again later.',
};
