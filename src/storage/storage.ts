import type { Readable } from 'node:stream';

/** Where the service keeps its files: local storage (folders on this machine), or S3 storage (a bucket that machines share). */
export interface Storage {
  originals: Originals;
  results: Results;
  /** Whether the storage is on another machine, and so may be unreachable for a while. */
  isRemote: boolean;
  /**
   * Reads the id of each storage location, and creates the ids that are missing.
   *
   * @param newId supplies a new id to a storage that cannot create a file on the condition that it does not exist
   * @returns for each location: the setting that configures it, the file that holds its id, and the id
   * @throws {ServiceError} `STORAGE_UNAVAILABLE` or `STORAGE_FULL`
   */
  identify(newId: NewId): Promise<{ setting: string; idFile: string; id: string }[]>;
  /** @throws {ServiceError} `DISK_LOW` if a disk has less free space than `MIN_FREE_DISK` */
  checkFreeSpace(): Promise<void>;
  /**
   * Removes the unfinished files of killed processes.
   *
   * @param now current time in milliseconds since 1970
   * @returns number of removed files (S3) or of removed files and folders (local)
   */
  removeUnfinished(now?: number): Promise<number>;
}

/** Supplies the id for a storage location that has none yet. All processes of a queue get the same id for the same address. */
export type NewId = (address: string) => Promise<string>;

/** The uploaded files. They are kept until the batch is deleted, so that a job can run again. */
export interface Originals {
  /** Starts an upload. */
  receive(): Promise<IncomingUpload>;
  /**
   * Stores one file of a batch durably, after the batch was enqueued. Replaces the file of an earlier attempt.
   *
   * @param headLength number of leading bytes to return, at most
   * @returns the size of the file in bytes, and its leading bytes
   * @throws any error of `content`; {@link ServiceError} if the file cannot be stored, `FILE_GONE` if the batch was deleted meanwhile
   */
  add(
    batchId: string,
    index: number,
    content: AsyncIterable<Buffer>,
    headLength: number,
  ): Promise<{ size: number; head: Uint8Array }>;
  /**
   * Reads one original: its bytes, or a file with them if there are more than {@link MAX_BYTES_IN_MEMORY}. May use synchronous I/O: call
   * it only from a child process.
   *
   * @throws {ServiceError} `FILE_GONE` if the original does not exist
   */
  read(batchId: string, index: number): Promise<Uint8Array | LargeOriginal>;
  /** Returns how to read one original. Does not check that it exists. */
  find(batchId: string, index: number): StoredFile;
  /** Removes one original, if it exists. */
  removeFile(batchId: string, index: number): Promise<void>;
  /** Removes the originals of a batch, if there are any. */
  remove(batchId: string): Promise<void>;
}

/** Size above which an original is not read into memory as a whole. Below it, reading is quicker than a file. */
export const MAX_BYTES_IN_MEMORY = 64 * 1024 * 1024;

/** A large original in a file. */
export interface LargeOriginal {
  /** Absolute path. */
  path: string;
  /** Reads its leading bytes, at most as many as given. */
  readHead(maxBytes: number): Uint8Array;
  /** Reads all of it. */
  read(): Uint8Array;
  /** Removes the file if it is a temporary copy. */
  close(): Promise<void>;
}

/** An upload in progress. Its files become originals of a batch only with `commit`. */
export interface IncomingUpload {
  /**
   * Stores one file durably: it survives a power failure.
   *
   * @param index position of the file in the upload, from 0
   * @param headLength number of leading bytes to return, at most
   * @returns the size of the file in bytes, and its leading bytes
   * @throws any error of `content`, and {@link ServiceError} if the file cannot be stored
   */
  add(index: number, content: AsyncIterable<Buffer>, headLength: number): Promise<{ size: number; head: Uint8Array }>;
  /**
   * Adds a copy of an original of another batch. The copy stays when that batch is deleted.
   *
   * @param index position of the file in this upload, from 0
   * @throws {ServiceError} `FILE_GONE` if the original does not exist
   */
  copy(index: number, batchId: string, originalIndex: number): Promise<void>;
  /** Makes the files the originals of a batch. Does nothing if the batch has originals already. */
  commit(batchId: string): Promise<void>;
  /** Deletes every trace of the upload, committed or not, once no file of it is being written. */
  discard(): Promise<void>;
}

/** Identifies a result. The format may be one that only a newer version knows. A file with several results has variants. */
export type ResultId = [jobId: string, format: string, variant?: string];

/** The results that the worker makes. */
export interface Results {
  /**
   * Writes a result. It is durable, and visible under its final name, only after `publish`. May use synchronous I/O: call it only
   * from a child process.
   *
   * @returns a name to pass to `publish`
   */
  write(content: Uint8Array, ...result: ResultId): Promise<string>;
  /** Publishes a written result atomically under its final name, and replaces an earlier one. */
  publish(written: string, ...result: ResultId): Promise<void>;
  /**
   * Publishes a copy of the result with the same format and variant of another job. Each of the two can be removed alone.
   *
   * @throws any error, such as for a missing result or a file system without hard links
   */
  copy(sourceId: string, ...result: ResultId): Promise<void>;
  /** Returns the path of a result, relative to the project, or its `s3://` address. Does not check that the result exists. */
  outputPath(...result: ResultId): string;
  /** Returns how to read a result. Does not check that it exists. */
  find(...result: ResultId): StoredFile;
  /**
   * Opens a result as a stream. If the result does not exist, either the call or the stream fails. A caller that stops reading before
   * the end must destroy the stream.
   */
  read(...result: ResultId): Promise<Readable>;
  /** Removes a result, if it exists. */
  remove(...result: ResultId): Promise<void>;
  /**
   * Removes all results of a batch, in any format and variant. It lists the results of all batches (local storage), so use it only if
   * the stored data of the batch cannot be read.
   */
  removeOfBatch(batchId: string): Promise<void>;
}

/** The way to read a stored file. */
export type StoredFile =
  /** From a disk of this machine, at an absolute path. */
  | { path: string }
  /** From a signed address, which the client requests itself. */
  | { sign(response: SignedResponse): Promise<string> }
  /** As a stream through this service. */
  | { open(range?: string): Promise<OpenFile> };

/** The request that a signed address allows, and the headers of its response. */
export interface SignedResponse {
  method: 'GET' | 'HEAD';
  /** `Content-Type`. */
  type: string;
  /** `Content-Disposition`. */
  disposition: string;
  /** When the address must have expired, in milliseconds since 1970. It may expire earlier. */
  expiresAt: number | undefined;
}

/** The content of a file, or of the requested range. */
export interface OpenFile {
  content: Readable;
  /** Length of `content` in bytes. */
  length: number;
  /** Value of the `Content-Range` header, if a range was requested. */
  range?: string | undefined;
}

/** Age in milliseconds from which an unfinished file is removed. No request or job takes this long, so its process is dead. */
export const UNFINISHED_MAX_AGE_MS = 60 * 60 * 1000;

/** Returns the file extension of a format, without the dot. */
export function fileExtension(format: string): string {
  return format === 'jpeg' ? 'jpg' : format;
}

/** Returns the common prefix of the names of all results of a batch: each job id begins with the batch id. */
export function resultPrefix(batchId: string): string {
  return `processed-${batchId}-`;
}

/** Returns the file name of a result: `processed-<jobId>[-<variant>].<extension>`. */
export function resultName(...[jobId, format, variant]: ResultId): string {
  const suffix = variant === undefined ? '' : `-${variant}`;
  return `processed-${jobId}${suffix}.${fileExtension(format)}`;
}
