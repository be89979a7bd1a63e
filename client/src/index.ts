import { type Batches, createBatches } from './batches.ts';
import { createHttp, type Http, type HttpOptions } from './http.ts';
import type { ImageInput } from './inputs.ts';
import { processImages } from './process-images.ts';
import type { ProcessedImage, ProcessOptions } from './process-options.ts';
import { type DownloadOptions, download } from './results.ts';

export type { Batches } from './batches.ts';
export { AsyncImagesError } from './errors.ts';
export { hashContent } from './hash.ts';
export type { Fetch, HttpOptions } from './http.ts';
export type { ImageData, ImageInput } from './inputs.ts';
export type { ProcessedImage, ProcessingProgress, ProcessOptions, UploadProgress } from './process-options.ts';
export type { DownloadOptions } from './results.ts';
export type * from './types.ts';
export { verifyWebhook } from './verify-webhook.ts';

/** A client of one service. */
export class AsyncImages {
  readonly #http: Http;
  readonly batches: Batches;
  readonly results: {
    /** Requests the result or the original of a job. The body of the response can be read as a stream. */
    download(jobId: string, options?: DownloadOptions): Promise<Response>;
  };

  constructor(options: HttpOptions) {
    const http = createHttp(options);
    this.#http = http;
    this.batches = createBatches(http);
    this.results = { download: (jobId, given) => download(http, jobId, given) };
  }

  /**
   * Sends images in batches, and yields each one as soon as it has ended. Ending the iteration early aborts the rest.
   *
   * @throws {AsyncImagesError} if the service refuses the options, or cannot be reached for several attempts
   */
  process(
    inputs: Iterable<ImageInput> | AsyncIterable<ImageInput>,
    options?: ProcessOptions,
  ): AsyncGenerator<ProcessedImage> {
    return processImages(this.#http, inputs, options);
  }
}
