import type { Config } from '../shared/config.ts';
import { openLocalStorage } from './local/local-storage.ts';
import type { Storage } from './storage.ts';

/** Opens the configured storage. The S3 SDK is loaded only if S3 storage is configured. */
export async function openStorage(config: Config): Promise<Storage> {
  if (!config.s3) return openLocalStorage(config);
  const { openS3Storage } = await import('./s3/s3-storage.ts');
  return openS3Storage(config.s3);
}
