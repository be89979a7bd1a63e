import { validate } from 'uuid';
import { toStorageError } from './storage-error.ts';

/** Where a part of the storage keeps its id. */
export interface IdFile {
  /** Path or `s3://` address, for people. */
  address: string;
  /** Its content; `undefined` when it is not there. */
  read(): Promise<string | undefined>;
  /** Creates it with a new id. One that another process creates at the same moment is kept, or has the same id. */
  create(): Promise<void>;
}

/**
 * Reads the id of a part of the storage, which gets one when it has none: all processes that share the part read the same.
 *
 * @throws {ServiceError} `STORAGE_UNAVAILABLE` or `STORAGE_FULL` when it can neither be read nor written
 */
export async function readId({ address, read, create }: IdFile): Promise<string> {
  try {
    let id = await read();
    if (id === undefined) {
      await create();
      id = await read();
    }
    // Another process that creates the file may not have written to it yet.
    if (id === undefined || !validate(id.trim())) {
      throw new Error(`${address} does not contain a UUID. Delete it if it stays so.`);
    }
    return id.trim();
  } catch (cause) {
    throw toStorageError('identify its storage', cause);
  }
}
