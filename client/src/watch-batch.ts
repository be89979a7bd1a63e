import { EventSourceParserStream } from 'eventsource-parser/stream';
import { delay } from './delay.ts';
import { AsyncImagesError, isTemporary, retryAfterSeconds } from './errors.ts';
import type { Http } from './http.ts';
import type { BatchStatus } from './types.ts';

/** The service sends a comment every 15 seconds. A stream that is silent for longer is interrupted. */
const SILENCE_MS = 45_000;
const POLL_INTERVAL_MS = 1000;

/** Whether all files of a batch have ended. */
export function hasEnded({ status }: Pick<BatchStatus, 'status'>): boolean {
  return status.startsWith('completed');
}

/**
 * Yields the status of a batch at each change, until all files have ended. Reads Server-Sent Events. If they are interrupted or refused,
 * it polls once, after `Retry-After`, before it subscribes again.
 *
 * @throws {AsyncImagesError} if the batch does not exist
 */
export async function* watchBatch(http: Http, batchId: string, signal?: AbortSignal): AsyncGenerator<BatchStatus> {
  const path = `/batches/${encodeURIComponent(batchId)}`;
  for (;;) {
    try {
      for await (const status of readEvents(http, `${path}/events`, signal)) {
        yield status;
        if (hasEnded(status)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AsyncImagesError && !isTemporary(error)) throw error;
    }
    const { status, waitMs } = await http.send(path, { signal }, async (response) => ({
      status: (await response.json()) as BatchStatus,
      waitMs: (retryAfterSeconds(response) ?? 0) * 1000 || POLL_INTERVAL_MS,
    }));
    yield status;
    if (hasEnded(status)) return;
    await delay(waitMs, signal);
  }
}

/** Yields the status in each event of a stream, until the stream ends or is interrupted. */
async function* readEvents(http: Http, path: string, signal?: AbortSignal): AsyncGenerator<BatchStatus> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restartTimer = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error('the event stream is silent')), SILENCE_MS);
  };
  restartTimer();
  try {
    const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
    // One attempt: polling is the retry.
    const body = await http.send(path, { signal: either, maxAttempts: 1 }, (response) => response.body);
    if (!body) return;
    const bytes = body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          restartTimer();
          controller.enqueue(chunk);
        },
      }),
    );
    const reader = bytes
      .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        yield JSON.parse(next.value.data) as BatchStatus;
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  } finally {
    clearTimeout(timer);
  }
}
