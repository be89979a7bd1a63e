import type { Response } from 'express';
import { z } from 'zod';
import type { BatchStatus } from '../../queue/read-status.ts';
import type { LinkConfig } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { onClose } from '../http/on-close.ts';
import type { WaitParts } from '../http/prefer.ts';
import { linksErrors, linksQuery, urlWriter } from '../http/signed-links.ts';
import { batches } from '../openapi/examples.ts';
import { batchParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { toBatchResponse, type WriteUrl } from '../views/status.ts';
import { findBatch, isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Milliseconds between two comments. They keep proxies from closing a stream without events. */
const COMMENT_EVERY_MS = 15_000;

/** Serializes each status once, however many streams send it. */
const serialized = new WeakMap<BatchStatus, string>();

function serialize(status: BatchStatus): string {
  const text = serialized.get(status) ?? JSON.stringify(toBatchResponse(status));
  serialized.set(status, text);
  return text;
}

const serializeWith = (writeUrl: WriteUrl) => (status: BatchStatus) =>
  JSON.stringify(toBatchResponse(status, writeUrl));

/** The stream of the example in the OpenAPI document: one event, and the last. */
const exampleStream = [
  `id: 1\ndata: ${JSON.stringify(batches.processing)}\n\n`,
  `id: 2\nevent: done\ndata: ${JSON.stringify(batches.completed)}\n\n`,
].join('');

/** `GET /batches/:batchId/events`: the status at each change, as Server-Sent Events. */
export function eventsRoute({ watcher, heldRequests, links }: WaitParts & { links: LinkConfig }): Route {
  return defineRoute('/batches/:batchId/events', {
    get: {
      operation: {
        operationId: 'watchBatch',
        tags: ['Status'],
        summary: 'Status of a batch at each change, as Server-Sent Events',
        description:
          'Each event carries the whole status, as `GET /batches/{batchId}` returns it. The last event is named `done`; after ' +
          'it the stream ends.',
        request: { params: batchParams, query: linksQuery },
        responses: {
          200: {
            description: 'The stream',
            content: { 'text/event-stream': { schema: z.string(), examples: { stream: { value: exampleStream } } } },
          },
          ...guardedProblems(...linksErrors, 'BATCH_NOT_FOUND', 'BATCH_REMOVED', 'TOO_MANY_STREAMS'),
        },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        const writeUrl = urlWriter(req, links);
        const toText = req.query.links === undefined ? serialize : serializeWith(writeUrl);
        // Streams that open at the same time, as after a restart, share one reading of the batch.
        const status = await findBatch(watcher, clientOf(res), batchId);
        if (req.method !== 'HEAD' && !heldRequests.hold(res)) {
          throw new ServiceError('TOO_MANY_STREAMS', [], { retryAfterSeconds: POLL_AFTER_SECONDS });
        }
        res.writeHead(200, {
          'Content-Type': 'text/event-stream; charset=utf-8',
          'Cache-Control': 'no-store, no-transform',
          // Otherwise nginx would buffer the events.
          'X-Accel-Buffering': 'no',
        });
        if (req.method === 'HEAD') return void res.end();
        const stream = createStream(res, Number(req.get('Last-Event-ID')) || 0, toText);
        const stop = watcher.watch(batchId, (next) => {
          if (next) stream.send(next);
          else res.end();
        });
        onClose(res, () => {
          stop();
          stream.close();
        });
        stream.send(status);
      },
    },
  });
}

/**
 * Makes a client's stream. A client that reads slowly gets the latest status once it has read the one before. Statuses in between
 * are dropped, so that nothing piles up.
 *
 * @param lastId id of the last event that the client has received
 * @param toText serializes a status
 */
function createStream(res: Response, lastId: number, toText: (status: BatchStatus) => string) {
  let id = lastId;
  let sent = '';
  let latest: BatchStatus | undefined;

  const write = () => {
    if (!latest || res.writableNeedDrain || res.writableEnded) return;
    const status = latest;
    latest = undefined;
    const text = toText(status);
    if (text === sent) return;
    sent = text;
    id += 1;
    res.write(`id: ${id}\n${isFinished(status) ? 'event: done\n' : ''}data: ${text}\n\n`);
    if (isFinished(status)) res.end();
  };
  res.on('drain', write);
  const comments = setInterval(() => {
    if (!res.writableNeedDrain) res.write(': still there\n\n');
  }, COMMENT_EVERY_MS);

  return {
    send(status: BatchStatus) {
      latest = status;
      write();
    },
    close() {
      clearInterval(comments);
    },
  };
}
