import type { ImageInput } from './inputs.ts';
import type { DownloadOptions } from './results.ts';
import type { FileStatus, UploadOptions } from './types.ts';

/** Bytes of the files so far: those that were sent, and those that were opened. */
export interface UploadProgress {
  sentBytes: number;
  knownBytes: number;
}

/** Numbers of files so far. `total` grows while the inputs are read. */
export interface ProcessingProgress {
  completed: number;
  failed: number;
  total: number;
}

/** A batch that the service has accepted. */
export interface AcceptedImages {
  batchId: string;
  /** Positions of its images among the inputs, in the order of the batch. */
  indexes: readonly number[];
}

/** How to process images: the options of the service, and those of the client. */
export interface ProcessOptions extends UploadOptions {
  /** Images in one batch, at most. 10 by default, as the service allows by default. If the service allows fewer, it gets fewer. */
  batchSize?: number | undefined;
  /** Batches that are sent or processed at the same time. 4 by default. */
  concurrency?: number | undefined;
  /**
   * An upload whose contents, names, options and salt are those of an earlier one makes no new batch within 24 hours. Another salt makes
   * one. Empty by default, and random for a batch of URLs. If that earlier batch was deleted, the client makes a new one, unless a salt is
   * set.
   */
  salt?: string | undefined;
  onUploadProgress?: ((progress: UploadProgress) => void) | undefined;
  onProgress?: ((progress: ProcessingProgress) => void) | undefined;
  /** Called when a batch was accepted. The client waits for the promise before it reads the status. */
  onBatch?: ((batch: AcceptedImages) => void | Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/** An image that was processed, or that could not be processed. */
export interface ProcessedImage {
  /** Position among the inputs. */
  index: number;
  source: ImageInput;
  originalName: string;
  /** `null` if the image could not be sent. */
  jobId: string | null;
  batchId: string | null;
  state: 'completed' | 'failed';
  result: FileStatus['result'];
  /** Why there is no result. Its `code` is a failure code, or the code of the error that refused the file. */
  failure: { code: string; message: string } | null;
  /** Requests the result. */
  download(options?: DownloadOptions): Promise<Response>;
}
