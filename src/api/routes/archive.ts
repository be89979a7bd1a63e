import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { ZipFile } from 'yazl';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { BatchStatus } from '../../queue/read-status.ts';
import type { Results, Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { resultFileName, uniqueNames } from '../http/file-names.ts';
import { batchParams } from '../openapi/parameters.ts';
import { binary, guardedProblems } from '../openapi/responses.ts';
import { parseMetadata } from '../views/status.ts';
import { findEndedBatch } from './load-or-404.ts';

/** Name of the archive's file that lists each file of the upload with its outcome. */
const MANIFEST = 'manifest.json';

/** `GET /batches/:batchId/archive`: all results of a batch as a zip, streamed as fast as the client reads. */
export function archiveRoute({ queue, storage: { results } }: { queue: QueueClient; storage: Storage }): Route {
  return defineRoute('/batches/:batchId/archive', {
    get: {
      operation: {
        operationId: 'getArchive',
        tags: ['Results'],
        summary: 'All results of a batch as a zip, with a manifest.json that lists what failed and why',
        description:
          'Responds 409 until the batch has ended. A file that failed or was deleted is only in the manifest. The archive is made while it is sent, so it has no length.',
        request: { params: batchParams },
        responses: {
          200: { description: 'The archive', content: { 'application/zip': { schema: binary } } },
          ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_NOT_FINISHED', 'BATCH_REMOVED'),
        },
      },
      async handler(req, res) {
        const batch = await findEndedBatch(queue, clientOf(res), req.params.batchId);
        res.type('application/zip');
        res.set('Content-Disposition', contentDisposition(`batch-${batch.batchId}.zip`));
        res.set('Cache-Control', 'no-store');
        if (req.method === 'HEAD') return void res.end();
        await sendArchive(req, res, batch, results);
      },
    },
  });
}

async function sendArchive(req: Request, res: Response, batch: BatchStatus, results: Results): Promise<void> {
  const zip = new ZipFile();
  // A result that was deleted ends the response early, which clients notice.
  const abort = (error: Error) => res.destroy(error);
  const { entries, manifest } = contents(batch);
  let open: Readable | undefined;
  for (const { name, jobId, format, variant } of entries) {
    // Images are compressed already.
    zip.addReadStreamLazy(name, { compress: false, mtime: batch.createdAt }, (give) => {
      const opening = results.read(jobId, format, variant);
      opening.then(
        (content) => {
          open = content;
          // Without a listener the error would end the process.
          content.on('error', abort);
          if (res.destroyed) content.destroy();
          else give(null, content);
        },
        (error) => give(error, undefined as never),
      );
    });
  }
  zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 2)), MANIFEST);
  zip.end();
  zip.on('error', abort);
  await pipeline(zip.outputStream, res).catch((err) => req.log.warn({ err }, 'archive aborted'));
  // The client may have left in the middle of a file.
  open?.destroy();
}

/** Lists the entries of a batch's archive, and makes its manifest. */
function contents({ batchId, createdAt, status, tags, metadata, files }: BatchStatus) {
  const outputs = files.flatMap(({ jobId, payload: { originalName }, result, deletedAt }, file) => {
    const results: { name?: string; format: string }[] = result && !deletedAt ? (result.outputs ?? [result]) : [];
    return results.map(({ name: variant, format }) => ({ file, jobId, originalName, format, variant }));
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
    tags,
    metadata: parseMetadata(metadata),
    files: files.map(({ payload: { originalName }, state, failure, deletedAt }, index) => ({
      originalName,
      state,
      failedReason: failure?.message ?? null,
      failure,
      deletedAt: deletedAt?.toISOString() ?? null,
      names: entries.filter(({ file }) => file === index).map(({ name }) => name),
    })),
  };
  return { entries, manifest };
}
