import { constants, setPriority } from 'node:os';
import { configureSharp } from '../imaging/configure-sharp.ts';
import type { ImageJobPayload } from '../queue/image-job.ts';
import { loadConfig } from '../shared/config.ts';
import { READY } from '../shared/run.ts';
import { createWatermarks } from '../shared/watermarks.ts';
import { openStorage } from '../storage/open-storage.ts';
import { processFile } from './process-image.ts';

// Entry point of the child processes: receives one payload at a time from its worker, and sends the outcome back.
const config = loadConfig();
const storage = await openStorage(config);
const limits = { ...config, watermarks: createWatermarks(config.watermarksFile) };
configureSharp(config.acceptedFormats);
// If all cores are busy, the API's requests come first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

// Without its worker a child works for no one: another worker continues the job.
process.once('disconnect', endNow);
// The worker may have died while this file was loaded.
if (!process.connected) endNow();

process.on('message', async (payload: ImageJobPayload) => {
  const outcome = await processFile(payload, storage, limits);
  process.send?.(outcome, undefined, undefined, (error) => error && endNow());
});

process.send?.(READY, undefined, undefined, (error) => error && endNow());

/** Ends the process without waiting for libvips. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
