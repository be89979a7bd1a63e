import type { Config } from '../shared/config.ts';
import { openFolders } from './local/local-storage.ts';
import type { Storage } from './storage.ts';

/** Opens the storage that is configured. What a bucket takes is loaded only where there is one. */
export async function openStorage(config: Config): Promise<Storage> {
  if (!config.bucket) return openFolders(config);
  const { openBucket } = await import('./s3/s3-storage.ts');
  return openBucket(config.bucket);
}
