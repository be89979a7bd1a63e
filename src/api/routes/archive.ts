import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import { Router } from 'express';
import { ZipFile } from 'yazl';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { BatchStatus } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { methodNotAllowed } from '../http/error-handler.ts';
import { resultFileName, uniqueNames } from '../http/file-names.ts';
import { batchLinks } from '../views/links.ts';
import { findBatch, isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Name of the file in the archive that says what became of each file of the upload. */
const MANIFEST = 'manifest.json';

/** `GET /batches/:batchId/archive`: all results of a batch as a zip, read as fast as the client takes it. */
export function archiveRoute({ queue, storage: { results } }: { queue: QueueClient; storage: Storage }): Router {
  const router = Router();
  const route = router.route('/batches/:batchId/archive');

  route.get(async (req, res) => {
    const batch = await findBatch(queue, clientOf(res), req.params.batchId);
    if (!isFinished(batch)) {
      throw new ServiceError(
        'BATCH_NOT_FINISHED',
        `The batch is ${batch.status}. Ask again, or wait with Prefer: wait=30 at ${batchLinks(batch.batchId).self}.`,
        {
          headers: { 'Retry-After': POLL_AFTER_SECONDS },
        },
      );
    }
    res.type('application/zip');
    res.set('Content-Disposition', contentDisposition(`batch-${batch.batchId}.zip`));
    res.set('Cache-Control', 'no-store');
    if (req.method === 'HEAD') return void res.end();

    const zip = new ZipFile();
    // A result that was removed breaks the archive off, which clients notice; it must not end the process.
    const breakOff = (error: Error) => res.destroy(error);
    const { entries, manifest } = contents(batch);
    let open: Readable | undefined;
    for (const { name, jobId, format, variant } of entries) {
      // The pictures are compressed already.
      zip.addReadStreamLazy(name, { compress: false, mtime: batch.createdAt }, (give) => {
        const opening = results.read(jobId, format, variant);
        opening.then(
          (content) => {
            open = content;
            // Nobody else listens, and an error that nobody hears ends the process.
            content.on('error', breakOff);
            if (res.destroyed) content.destroy();
            else give(null, content);
          },
          (error) => give(error, undefined as never),
        );
      });
    }
    zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 2)), MANIFEST);
    zip.end();
    zip.on('error', breakOff);
    await pipeline(zip.outputStream, res).catch((err) => req.log.warn({ err }, 'archive broken off'));
    // The client may have gone in the middle of a picture.
    open?.destroy();
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}

/** What the archive of a batch holds, and the manifest that says it. */
function contents({ batchId, createdAt, status, files }: BatchStatus) {
  const outputs = files.flatMap(({ jobId, payload: { originalName }, result }, file) => {
    const made: { name?: string; format: string }[] = result ? (result.outputs ?? [result]) : [];
    return made.map(({ name: variant, format }) => ({ file, jobId, originalName, format, variant }));
  });
  const [, ...names] = uniqueNames([
    MANIFEST,
    ...outputs.map(({ originalName, format, variant }) => resultFileName(originalName, format, variant)),
  ]);
  const entries = outputs.map((output, index) => ({ ...output, name: names[index] ?? '' }));
  const manifest = {
    batchId,
    status,
    createdAt: createdAt.toISOString(),
    files: files.map(({ payload: { originalName }, state, failedReason }, index) => ({
      originalName,
      state,
      failedReason,
      names: entries.filter(({ file }) => file === index).map(({ name }) => name),
    })),
  };
  return { entries, manifest };
}
