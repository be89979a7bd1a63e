import type { operations } from './api-types.ts';

// The only file that knows where the types are in the OpenAPI document.

type ResponseOf<Operation extends keyof operations, Status> = operations[Operation]['responses'] extends infer All
  ? Status extends keyof All
    ? All[Status] extends { content: { 'application/json': infer Body } }
      ? Body
      : never
    : never
  : never;

type UploadForm = NonNullable<operations['processImages']['requestBody']>['content']['multipart/form-data'];

/** Status of a batch and of each of its files. */
export type BatchStatus = ResponseOf<'getBatch', 200>;
/** Status of one file of a batch. */
export type FileStatus = BatchStatus['files'][number];
/** A page of the list of batches. */
export type BatchList = ResponseOf<'listBatches', 200>;
/** Filters of the list of batches. */
export type BatchQuery = NonNullable<operations['listBatches']['parameters']['query']>;
/** Response to an upload. */
export type AcceptedBatch = ResponseOf<'processImages', 202>;
/** What the service sends to a webhook. */
export type WebhookEvent = operations['batchEnded']['requestBody']['content']['application/json'];

/** How to process an image. */
export type ImageOptions = Omit<UploadForm, 'images' | 'variants' | 'preset' | 'tags' | 'metadata' | 'webhook'>;
/** A named set of options: one of several results of each file. */
export type Variant = ImageOptions & { name: string };

/** Options of an upload, and what describes its batches. */
export interface UploadOptions extends ImageOptions {
  variants?: readonly Variant[] | string;
  preset?: string;
  tags?: readonly string[] | string;
  metadata?: Record<string, unknown> | string;
  /** URL that the service calls when a batch has ended. */
  webhook?: string;
}
