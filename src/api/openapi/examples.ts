import { imageJobId } from '../../queue/names.ts';
import { errorTypes, exampleDetail } from '../../shared/errors.ts';
import { toProblem } from '../http/problem.ts';
import { batchLinks, jobLinks, resultUrl } from '../views/links.ts';
import type { PresetList } from '../views/preset-list.ts';
import type { ServiceStatus } from '../views/service-status.ts';
import type { LinkResponse } from '../views/signed-link.ts';
import type { BatchListResponse, BatchResponse, JobResponse } from '../views/status.ts';
import type { WebhookResponse } from '../views/webhook.ts';

/** The batch of all examples. */
export const batchId = '550e8400-e29b-41d4-a716-446655440000';

const createdAt = '2026-11-23T06:00:00.000Z';
const names = ['photo1.jpg', 'photo2.png'];
const waiting = { state: 'waiting', result: null, failedReason: null, failure: null, deletedAt: null } as const;
const active = { state: 'active', result: null, failedReason: null, failure: null, deletedAt: null } as const;
const failed = {
  state: 'failed',
  result: null,
  failedReason: 'truncated JPEG',
  failure: { code: 'IMAGE_TRUNCATED', message: 'truncated JPEG' },
  deletedAt: null,
} as const;

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
    dhash: '3a6c9d9e1e3c7870',
    resultUrl: jobLinks(batchId, index).result,
  };
  return { state: 'completed', result, failedReason: null, failure: null, deletedAt: null } as const;
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

const info: NonNullable<NonNullable<JobResponse['result']>['info']> = {
  format: 'jpeg',
  width: 4000,
  height: 3266,
  orientation: 6,
  frames: 1,
  hasAlpha: false,
  colorSpace: 'rgb',
  profile: 'Display P3',
  density: 72,
  isGrayscale: false,
  dominantColors: [
    { color: '#2f4a6b', share: 0.612 },
    { color: '#e8b27a', share: 0.388 },
  ],
  thumbHash: 'GggGBYBIqIiHeHdge3V3gAAAAAAA',
  exif: {
    make: 'Canon',
    model: 'EOS R5',
    takenAt: '2026-07-01T19:42:10+02:00',
    exposureSeconds: 0.004,
    fNumber: 2.8,
    iso: 400,
    focalLengthMm: 50,
  },
};

type FileState = Pick<JobResponse, 'state' | 'result' | 'failedReason' | 'failure' | 'deletedAt'>;

function batch(status: BatchResponse['status'], first: FileState, second: FileState): BatchResponse {
  const progress = { total: 2, completed: 0, failed: 0, active: 0, waiting: 0 };
  for (const { state } of [first, second]) progress[state] += 1;
  const files = [first, second].map((file, index) => ({
    jobId: imageJobId(batchId, index),
    originalName: names[index] ?? '',
    ...file,
    resultUrl: jobLinks(batchId, index).result,
  }));
  const hasEnded = status.startsWith('completed');
  return {
    batchId,
    status,
    progress,
    createdAt,
    finishedAt: hasEnded ? '2026-11-23T06:00:01.250Z' : null,
    cancelledAt: null,
    tags: ['holiday'],
    metadata: { order: 4711 },
    sourceBatchId: null,
    files,
    links: batchLinks(batchId),
  };
}

const cancelled = {
  ...failed,
  failedReason: 'the batch was cancelled',
  failure: { code: 'CANCELLED', message: 'the batch was cancelled' },
} as const;

export const batches = {
  waiting: batch('waiting', waiting, waiting),
  processing: batch('processing', completed(0), active),
  completed: batch('completed', completed(0), completed(1)),
  'completed-with-errors': batch('completed-with-errors', failed, completed(1)),
};

const cancelledAt = '2026-11-23T06:00:01.000Z';

export const cancellations = {
  cancelled: { ...batch('completed-with-errors', completed(0), cancelled), cancelledAt },
  stopping: { ...batch('processing', active, cancelled), cancelledAt },
};

const { status, progress, finishedAt, tags, links: batchUrls } = batches.completed;

export const batchList: BatchListResponse = {
  batches: [{ batchId, status, progress, createdAt, finishedAt, tags, links: batchUrls }],
  cursor: 'c2NvcGU6MTc2Mzg3NjgwMDAwMDo1NTBlODQwMA',
};

const attempt = { at: '2026-11-23T06:00:01.300Z', durationMs: 84, statusCode: 200, error: null };
const webhook = { webhookId: `msg_${batchId}`, url: 'https://example.com/webhook' };

export const webhooks: Record<'pending' | 'delivered', WebhookResponse> = {
  pending: {
    ...webhook,
    state: 'pending',
    attempts: [{ ...attempt, statusCode: null, error: 'ECONNREFUSED' }],
    nextAttemptAt: '2026-11-23T06:00:06.300Z',
  },
  delivered: { ...webhook, state: 'delivered', attempts: [attempt], nextAttemptAt: null },
};

const jobId = imageJobId(batchId, 0);

export const link: LinkResponse = {
  url: `https://images.example.com/jobs/${jobId}/result?expires=1795413600&signature=${'A'.repeat(43)}`,
  expiresAt: '2026-11-23T06:00:00.000Z',
};

export const serviceStatus: ServiceStatus = {
  workers: 2,
  waitingFiles: 340,
  activeFiles: 8,
  filesPerSecond: 21.5,
  oldestBatchAgeSeconds: 18.2,
};

export const presetList: PresetList = {
  presets: { avatar: { width: 128, height: 128, position: 'attention' } },
  presetsOnly: false,
  watermarks: ['logo'],
  limits: { maxFiles: 10, maxFileBytes: 5_242_880, acceptedFormats: ['jpeg', 'png', 'webp', 'gif', 'avif'] },
};

const links = jobLinks(batchId, 0);

export const jobs: Record<string, JobResponse> = {
  waiting: { jobId, ...waiting, progress: 0, links },
  active: { jobId, ...active, progress: 10, links },
  completed: { jobId, ...completed(0), progress: 100, links },
  'completed with variants': { jobId, ...withVariants(0), progress: 100, links },
  'completed with info': { jobId, ...completed(0), result: { ...completed(0).result, info }, progress: 100, links },
  failed: { jobId, ...failed, progress: 100, links },
  deleted: { jobId, ...completed(0), deletedAt: '2026-11-24T06:00:00.000Z', progress: 100, links },
};

const result = completed(0).result;
const output = withVariants(0).result.outputs?.[0];

const { metadata } = batches.completed;
const endedBatch = { batchId, status, progress, createdAt, finishedAt, tags, metadata, links: batchUrls };
const webhookOutput = { name: 'thumb', resultUrl: link.url.replace('result?', 'result?variant=thumb&') };
const webhookFile = {
  jobId,
  originalName: names[0],
  state: 'completed',
  resultUrl: link.url,
  outputs: [webhookOutput],
};

/** An example of each named schema. */
export const schemaExamples = {
  AcceptedBatch: { batchId, statusUrl: batchLinks(batchId).self, totalFiles: 2 },
  BatchLinks: batchLinks(batchId),
  BatchList: batchList,
  BatchProgress: progress,
  BatchState: status,
  BatchStatus: batches.completed,
  BatchSummary: batchList.batches[0],
  CreateLinkForm: { expiresInSeconds: 86_400 },
  EndedBatch: endedBatch,
  Exif: info.exif,
  Failure: failed.failure,
  FailureCode: failed.failure.code,
  FileStatus: batches.completed.files[0],
  Health: { status: 'ok' },
  ImageInfo: info,
  ImageOptions: { width: 128, height: 128, fit: 'cover', format: 'webp' },
  JobLinks: links,
  JobState: 'completed',
  JobStatus: jobs.completed,
  Link: link,
  Output: output,
  Placeholder: result.placeholder,
  Limits: presetList.limits,
  Presets: presetList,
  Problem: toProblem({
    code: 'BATCH_NOT_FOUND',
    status: errorTypes.BATCH_NOT_FOUND.status,
    message: exampleDetail('BATCH_NOT_FOUND'),
  }),
  ProcessImagesForm: { images: ['photo.jpg'], width: 300, format: 'webp', tags: 'holiday,2026' },
  ProcessImagesJson: { files: [{ url: 'https://images.example.com/photo.jpg' }], options: { width: 300 } },
  ReprocessBatchForm: { width: 300, format: 'webp' },
  Result: result,
  ServiceStatus: serviceStatus,
  RetryBatchForm: { files: [0], tags: 'again' },
  Webhook: webhooks.delivered,
  WebhookAttempt: attempt,
  WebhookEvent: { type: 'batch.completed', timestamp: finishedAt, data: endedBatch },
  WebhookFile: webhookFile,
  WebhookOutput: webhookOutput,
};
