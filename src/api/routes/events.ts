import { type Response, Router } from 'express';
import type { BatchStatus } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { methodNotAllowed } from '../http/error-handler.ts';
import { onClose } from '../http/on-close.ts';
import type { WaitParts } from '../http/prefer.ts';
import { toBatchResponse } from '../views/status.ts';
import { findBatch, isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Milliseconds between two comments, which keep proxies from closing a stream that has nothing to say. */
const COMMENT_EVERY_MS = 15_000;

/** Each status is serialized once, however many streams send it. */
const written = new WeakMap<BatchStatus, string>();

function toText(status: BatchStatus): string {
  const text = written.get(status) ?? JSON.stringify(toBatchResponse(status));
  written.set(status, text);
  return text;
}

/** `GET /batches/:batchId/events`: the status at each change, as Server-Sent Events. */
export function eventsRoute({ watcher, heldRequests }: WaitParts): Router {
  const router = Router();
  const route = router.route('/batches/:batchId/events');

  route.get(async (req, res) => {
    const { batchId } = req.params;
    // Many who come at once, as after a restart, share what they read.
    const status = await findBatch(watcher, clientOf(res), batchId);
    if (req.method !== 'HEAD' && !heldRequests.hold(res)) throw tooManyStreams();
    res.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // nginx would otherwise hold the events back.
      'X-Accel-Buffering': 'no',
    });
    if (req.method === 'HEAD') return void res.end();
    const stream = createStream(res, Number(req.get('Last-Event-ID')) || 0);
    const stop = watcher.watch(batchId, (next) => {
      if (next) stream.tell(next);
      else res.end();
    });
    onClose(res, () => {
      stop();
      stream.close();
    });
    stream.tell(status);
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}

function tooManyStreams(): ServiceError {
  return new ServiceError(
    'TOO_MANY_STREAMS',
    'This client already holds as many event streams and waiting requests open as it may. Close some, or poll the batch.',
    { headers: { 'Retry-After': POLL_AFTER_SECONDS } },
  );
}

/**
 * A client's stream. One that reads slowly is told the latest status once it has read the one before: what lies between is
 * dropped, and nothing piles up.
 *
 * @param lastId id of the last event that the client has seen
 */
function createStream(res: Response, lastId: number) {
  let id = lastId;
  let told = '';
  let latest: BatchStatus | undefined;

  const write = () => {
    if (!latest || res.writableNeedDrain || res.writableEnded) return;
    const status = latest;
    latest = undefined;
    const text = toText(status);
    if (text === told) return;
    told = text;
    id += 1;
    res.write(`id: ${id}\n${isFinished(status) ? 'event: done\n' : ''}data: ${text}\n\n`);
    if (isFinished(status)) res.end();
  };
  res.on('drain', write);
  const comments = setInterval(() => {
    if (!res.writableNeedDrain) res.write(': still there\n\n');
  }, COMMENT_EVERY_MS);

  return {
    tell(status: BatchStatus) {
      latest = status;
      write();
    },
    close() {
      clearInterval(comments);
    },
  };
}
