import { validate } from 'uuid';
import { toStorageError } from './storage-error.ts';

/** The file that holds the id of one storage location: of a local folder, or of a bucket's key prefix. */
export interface IdFile {
  /** Path or `s3://` address, for messages. */
  address: string;
  /** Returns the content; `undefined` if the file does not exist. */
  read(): Promise<string | undefined>;
  /**
   * Creates the file with a new id. If another process creates it at the same moment, that file is kept, or both processes write
   * the same id.
   */
  create(): Promise<void>;
}

/**
 * Reads the id of a storage location, and creates the id if there is none. All processes that share the location read the same id.
 *
 * @throws {ServiceError} `STORAGE_UNAVAILABLE` or `STORAGE_FULL` if the id cannot be read or created
 */
export async function readId({ address, read, create }: IdFile): Promise<string> {
  try {
    let id = await read();
    if (id === undefined) {
      await create();
      id = await read();
    }
    // The file is empty for a moment while another process creates it. The caller tries again.
    if (id === undefined || !validate(id.trim())) {
      throw new Error(`${address} does not contain a UUID. If this message persists, delete the file.`);
    }
    return id.trim();
  } catch (cause) {
    throw toStorageError('identify its storage', cause);
  }
}
