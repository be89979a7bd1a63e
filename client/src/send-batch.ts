import { AsyncImagesError } from './errors.ts';
import { hashText } from './hash.ts';
import type { Http } from './http.ts';
import type { Prepared, PreparedFile } from './inputs.ts';
import type { AcceptedBatch, UploadOptions } from './types.ts';
import { fileBody, formFields, urlBody } from './upload-body.ts';

/** A batch that the service has accepted. */
export interface SentBatch {
  images: readonly Prepared[];
  batchId: string;
  /** Whether an earlier upload with the same content had made the batch. */
  isReplay: boolean;
}

/** A file that the service does not accept. */
export interface RefusedImage {
  image: Prepared;
  error: AsyncImagesError;
}

/** Errors of an upload that can be due to one of its files, or to their number. */
const REFUSALS = ['TOO_MANY_FILES', 'EMPTY_FILE', 'FILE_TOO_LARGE', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_IMAGE_TYPE'];

/** Sends batches. */
export interface Sender {
  /**
   * Sends images as one batch. The service accepts an upload whole or not at all. If it refuses one, each half is sent separately, until
   * the refused files are alone.
   *
   * @param salt makes the `Idempotency-Key` differ from that of an equal batch
   */
  send(images: readonly Prepared[], salt: string, signal: AbortSignal): Promise<(SentBatch | RefusedImage)[]>;
}

/**
 * Creates a sender.
 *
 * @param options the same for every batch
 * @param onSent called with the number of bytes that were sent; it is negative when they have to be sent again
 */
export function createSender(http: Http, options: UploadOptions, onSent?: (bytes: number) => void): Sender {
  /** Becomes smaller when the service refuses the number of files. */
  let maxFiles = Number.POSITIVE_INFINITY;

  async function upload(images: readonly Prepared[], salt: string, signal: AbortSignal): Promise<SentBatch> {
    let counted = 0;
    const total = images.reduce((sum, image) => sum + ('blob' in image ? image.blob.size : 0), 0);
    const count = (bytes: number) => {
      // The boundaries and headers of the form are not part of the files.
      const more = Math.min(counted + bytes, total) - counted;
      counted += more;
      onSent?.(more);
    };
    const makeBody = () => {
      count(-counted);
      return isFiles(images) ? fileBody(images, options, onSent && count) : urlBody(images, options);
    };
    const headers = { 'Idempotency-Key': await idempotencyKey(images, options, salt) };
    try {
      const sent = await http.send(
        '/process-images',
        { method: 'POST', headers, makeBody, signal },
        async (response) => {
          const { batchId } = (await response.json()) as AcceptedBatch;
          return { images, batchId, isReplay: response.headers.get('idempotent-replayed') === 'true' };
        },
      );
      count(total);
      return sent;
    } catch (error) {
      count(-counted);
      throw error;
    }
  }

  async function send(
    images: readonly Prepared[],
    salt: string,
    signal: AbortSignal,
  ): Promise<(SentBatch | RefusedImage)[]> {
    const halves = async () => {
      const middle = Math.ceil(images.length / 2);
      return [
        ...(await send(images.slice(0, middle), salt, signal)),
        ...(await send(images.slice(middle), salt, signal)),
      ];
    };
    if (images.length > maxFiles) return halves();
    try {
      return [await upload(images, salt, signal)];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [image] = images;
      if (images.length === 1 && image) return [{ image, error }];
      if (error.code === 'TOO_MANY_FILES') maxFiles = Math.min(maxFiles, Math.ceil(images.length / 2));
      return halves();
    }
  }

  return { send };
}

function isFiles(images: readonly Prepared[]): images is readonly PreparedFile[] {
  return images.every((image) => 'blob' in image);
}

/** A proxy in front of the service may refuse a large upload with a 413 of its own. */
function isRefusal(error: unknown): error is AsyncImagesError {
  return error instanceof AsyncImagesError && (REFUSALS.includes(error.code) || error.status === 413);
}

/** Derives the key from the contents, names and options, so that a repeated upload makes no second batch. */
async function idempotencyKey(images: readonly Prepared[], options: UploadOptions, salt: string): Promise<string> {
  const contents = images.map((image) => [image.name, 'url' in image ? image.url : image.hash]);
  return hashText(
    JSON.stringify([salt, contents, formFields(options).sort(([one], [other]) => (one < other ? -1 : 1))]),
  );
}
