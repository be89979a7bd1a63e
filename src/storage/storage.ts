import type { Readable } from 'node:stream';

/** Where the service keeps its files: folders of this machine, or a bucket that many machines share. */
export interface Storage {
  originals: Originals;
  results: Results;
  /** Whether it is elsewhere, and so may be out of reach for a while. */
  isRemote: boolean;
  /**
   * Reads the ids of its parts, which get one where they have none.
   *
   * @param newId for a storage that cannot create a file only where there is none
   * @returns for each part the setting that names it, the file that holds its id, and the id
   * @throws {ServiceError} `STORAGE_UNAVAILABLE` or `STORAGE_FULL`
   */
  identify(newId: NewId): Promise<{ setting: string; idFile: string; id: string }[]>;
  /** @throws {ServiceError} `DISK_LOW` when there is hardly room for more */
  checkRoom(): Promise<void>;
  /**
   * Removes what killed processes left half-written.
   *
   * @param now in milliseconds since 1970
   * @returns how many
   */
  removeAbandoned(now?: number): Promise<number>;
}

/** An id for what has none yet at an address: the same for all processes of a queue. */
export type NewId = (address: string) => Promise<string>;

/** The files as they were uploaded. They stay, so that a job can be run again. */
export interface Originals {
  /** Begins to receive an upload. */
  receive(): Promise<IncomingUpload>;
  /**
   * Bytes of one original. For a child alone: it may have to wait for the disk with all it does.
   *
   * @throws {ServiceError} `FILE_GONE` when it is not there
   */
  read(batchId: string, index: number): Promise<Uint8Array>;
  /** One original, whether it is there or not. */
  find(batchId: string, index: number): StoredFile;
  /** Removes those of a batch; when there are none nothing happens. */
  remove(batchId: string): Promise<void>;
}

/** An upload that is being received. It exists for the worker only after `commit`. */
export interface IncomingUpload {
  /**
   * Stores one file so that it outlives a power cut.
   *
   * @param index place of the file in the upload, from 0
   * @param headLength most bytes of its beginning to give back
   * @returns its size in bytes, and its beginning
   * @throws what `content` throws, and {@link ServiceError} when it cannot be stored
   */
  add(index: number, content: AsyncIterable<Buffer>, headLength: number): Promise<{ size: number; head: Uint8Array }>;
  /** Makes the upload the originals of a batch, unless it has some already. */
  commit(batchId: string): Promise<void>;
  /** Deletes every trace of the upload, committed or not, once no file of it is being written. */
  discard(): Promise<void>;
}

/** Which result: its job, its format, which may be one that only a newer version knows, and its name where a file has several. */
export type ResultId = [jobId: string, format: string, variant?: string];

/** What the worker makes. */
export interface Results {
  /**
   * Writes a result, which is not there for certain before it is published. For a child alone, as the reading of originals is.
   *
   * @returns the name under which `publish` finds it
   */
  write(content: Uint8Array, ...result: ResultId): Promise<string>;
  /** Puts what was written in its place, whole or not at all. One that is there already is replaced. */
  publish(written: string, ...result: ResultId): Promise<void>;
  /** Says where a result is, whether it is there or not: a path relative to the project, or an `s3://` address. */
  outputPath(...result: ResultId): string;
  /** One result, whether it is there or not. */
  find(...result: ResultId): StoredFile;
  /** Bytes of a result; they fail to come when it is not there. Whoever does not read them to their end destroys the stream. */
  read(...result: ResultId): Promise<Readable>;
  /** Removes a result; when there is none nothing happens. */
  remove(...result: ResultId): Promise<void>;
  /**
   * Removes all results of a batch, whatever their formats and variants. It lists the results of all batches, so it is only for
   * a batch whose stored data does not tell which it has.
   */
  removeOfBatch(batchId: string): Promise<void>;
}

/** A file that a client wants, in the way in which it can be had. */
export type StoredFile =
  /** On a disk of this machine, at an absolute path. */
  | { path: string }
  /** At an address that the client itself can ask. */
  | { sign(answer: SignedAnswer): Promise<string> }
  /** Through this service alone. */
  | { open(range?: string): Promise<OpenFile> };

/** What is asked of a signed address, and what it answers with. */
export interface SignedAnswer {
  method: 'GET' | 'HEAD';
  type: string;
  disposition: string;
}

/** A file, or the range of it that was asked for. */
export interface OpenFile {
  content: Readable;
  /** Bytes that come. */
  length: number;
  /** Which range these bytes are, as in the header `Content-Range`, when a range was asked for. */
  range?: string | undefined;
}

/** Milliseconds after which nobody can still be writing: far beyond the time that a request or a job may take. */
export const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/** What the name of a file of this format ends with, without the dot. */
export function fileExtension(format: string): string {
  return format === 'jpeg' ? 'jpg' : format;
}

/** How the names of all results of a batch begin, since a job's id begins with its batch's. */
export function resultPrefix(batchId: string): string {
  return `processed-${batchId}-`;
}

/** Name of a result's file: `processed-<jobId>[-<variant>].<extension>`. */
export function resultName(...[jobId, format, variant]: ResultId): string {
  const suffix = variant === undefined ? '' : `-${variant}`;
  return `processed-${jobId}${suffix}.${fileExtension(format)}`;
}
