// Follows batches until they end, and says how far they are: on the page, in the tab and in a notification.
import { call, watch } from '/page/api.js';

/** Batches that are watched at the same time. A browser has six connections to a host, and images need some. */
const MAX_WATCHED = 2;
/** Time after which a batch that has not begun is unusual. */
const NOT_BEGUN_MS = 10_000;

/**
 * Follows batches in their order.
 *
 * @param onStatus called with each status of a batch
 * @param onMissing called with the id of a batch that does not exist, and the reason
 * @param onConnection called with a sentence while the connection is interrupted, and with none when it is back
 * @param onEnd called when all batches have ended
 * @returns a function that stops following
 */
export function follow(batchIds, { onStatus, onMissing, onConnection, onEnd }) {
  const left = [...batchIds];
  const stops = new Set();
  let running = 0;
  let isStopped = false;

  function next() {
    if (isStopped) return;
    if (left.length === 0 && running === 0) return onEnd();
    while (running < MAX_WATCHED && left.length > 0) begin(left.shift());
  }

  function begin(batchId) {
    running += 1;
    const end = () => {
      stops.delete(stop);
      running -= 1;
      next();
    };
    const stop = watch(batchId, {
      onStatus(status) {
        onConnection('');
        onStatus(status);
      },
      onError(message) {
        if (message === undefined) return onConnection('Connection lost. Reconnecting …');
        onMissing(batchId, message);
        end();
      },
      onEnd: end,
    });
    stops.add(stop);
  }

  next();
  return () => {
    isStopped = true;
    for (const stop of stops) stop();
  };
}

/**
 * Looks for the reason why a batch has not begun.
 *
 * @param hasBegun whether it has begun meanwhile
 * @param onReason called with a sentence, or with none once the reason is gone
 * @returns a function that stops looking
 */
export function explainDelay(hasBegun, onReason) {
  const timer = setInterval(async () => {
    if (hasBegun()) return onReason('');
    const response = await call('/status').catch(() => undefined);
    if (!response?.ok || hasBegun()) return;
    const { workers, waitingFiles } = await response.json();
    if (workers === 0)
      onReason('No worker is connected, so nothing is processed. The images are safe and wait for one.');
    else onReason(waitingFiles > 0 ? `${waitingFiles} images wait in the queue.` : '');
  }, NOT_BEGUN_MS);
  return () => clearInterval(timer);
}

const title = document.title;
const icon = document.querySelector('link[rel="icon"]');
const plainIcon = icon.href;

/** Shows in the tab how far the work is, from 0 to 1; `undefined` when there is none. */
export function showInTab(share) {
  document.title = share === undefined ? title : `${Math.round(share * 100)} % · ${title}`;
  const length = 2 * Math.PI * 12;
  icon.href =
    share === undefined
      ? plainIcon
      : `data:image/svg+xml,${encodeURIComponent(
          `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke-width="7" transform="rotate(-90 16 16)"><circle cx="16" cy="16" r="12" stroke="#9aa5b8"/><circle cx="16" cy="16" r="12" stroke="#2457c5" stroke-dasharray="${length * share} ${length}"/></g></svg>`,
        )}`;
}

/** Checks whether the browser can notify, and the person has not refused it. */
export const canNotify = () => 'Notification' in window && Notification.permission !== 'denied';

/** Asks for the permission to notify. Returns whether it was given. */
export const askToNotify = async () => canNotify() && (await Notification.requestPermission()) === 'granted';

/** Notifies of the end, if the person asked for it and looks at another page. */
export function notify(text) {
  if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
  const notification = new Notification(title, { body: text });
  notification.addEventListener('click', () => window.focus());
}

/** Advice to a person about a failure, by its code. */
export const advice = {
  IMAGE_CORRUPT: 'The file is damaged. Save or export the image again.',
  IMAGE_TRUNCATED: 'The end of the file is missing. Copy or download it again.',
  IMAGE_TOO_LARGE: 'Make the image smaller before you upload it.',
  IMAGE_UNSUPPORTED: 'Convert it to a format that the service accepts, such as JPEG.',
  IMAGE_UNSUITABLE: 'Process it again with other options.',
  OUTPUT_TOO_LARGE: 'Process it again with a smaller size, or with more bytes.',
  TIMEOUT: 'It took too long. Try a smaller image or simpler options.',
  OUT_OF_MEMORY: 'It needed too much memory. Try a smaller image or simpler options.',
  PROCESS_CRASHED: 'The image may be made to break programs. Save it again with another program.',
  ORIGINAL_GONE: 'Upload the image again.',
  STORAGE_UNAVAILABLE: 'The storage of the service had a problem. Retry it later.',
  CANCELLED: 'Retry it if you want it after all.',
  INTERNAL: 'Retry it. If it fails again, give the operator the job id.',
};
