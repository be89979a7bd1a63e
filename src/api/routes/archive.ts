import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import { Router } from 'express';
import { ZipFile } from 'yazl';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { BatchStatus } from '../../queue/status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Results } from '../../storage/results.ts';
import { resultFileName, uniqueNames } from '../file-names.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';
import { findBatch, isFinished, POLL_AFTER_SECONDS } from './find.ts';

/** Name of the file in the archive that says what became of each file of the upload. */
const MANIFEST = 'manifest.json';

/** `GET /batches/:batchId/archive`: all results of a batch as a zip, read from the disk as fast as the client takes it. */
export function archiveRoute({ queue, results }: { queue: QueueClient; results: Results }): Router {
  const router = Router();
  const route = router.route('/batches/:batchId/archive');

  route.get(async (req, res) => {
    const batch = await findBatch(queue, req.params.batchId);
    if (!isFinished(batch)) {
      throw new ServiceError(
        'BATCH_NOT_FINISHED',
        `The batch is ${batch.status}. Ask again, or wait with Prefer: wait=30 at ${batch.links.self}.`,
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
    const { entries, manifest } = contents(batch);
    // The pictures are compressed already.
    for (const { name, path } of entries) zip.addFile(path(results), name, { compress: false });
    zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 2)), MANIFEST);
    zip.end();
    // A result that was removed breaks the archive off, which clients notice; it must not end the process.
    zip.on('error', (error) => res.destroy(error));
    await pipeline(zip.outputStream, res).catch((err) => req.log.warn({ err }, 'archive broken off'));
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}

/** What the archive of a batch holds, and the manifest that says it. */
function contents({ batchId, createdAt, status, files }: BatchStatus) {
  const outputs = files.flatMap(({ jobId, originalName, result }, file) =>
    result
      ? (result.outputs ?? [result]).map((output) => ({
          file,
          jobId,
          originalName,
          output,
          variant: 'name' in output ? output.name : undefined,
        }))
      : [],
  );
  const [, ...names] = uniqueNames([
    MANIFEST,
    ...outputs.map(({ originalName, output, variant }) => resultFileName(originalName, output.format, variant)),
  ]);
  const entries = outputs.map(({ file, jobId, output, variant }, index) => ({
    file,
    name: names[index] ?? '',
    path: (results: Results) => results.locate(jobId, output.format, variant),
  }));
  const manifest = {
    batchId,
    status,
    createdAt,
    files: files.map(({ originalName, state, failedReason }, index) => ({
      originalName,
      state,
      failedReason,
      names: entries.filter(({ file }) => file === index).map(({ name }) => name),
    })),
  };
  return { entries, manifest };
}
