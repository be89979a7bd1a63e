// Sends requests to the service. If the service requires an API key, asks the user for one.

const KEY = 'api-key';
/** Delay before an interrupted event stream is opened again. */
const RECONNECT_DELAY_MS = 2000;

const dialog = document.getElementById('key-dialog');

/** Returns the headers of a request. The key is stored only for this tab, until it is closed. */
function headers() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @type {Promise<void> | undefined} */
let keyPrompt;

/** Asks the user for the key. Simultaneous calls share one dialog. */
function askForKey() {
  keyPrompt ??= new Promise((resolve) => {
    const { elements } = dialog.querySelector('form');
    document.getElementById('key-rejected').hidden = !sessionStorage.getItem(KEY);
    dialog.addEventListener(
      'close',
      () => {
        const key = elements.key.value.trim();
        // `fetch` would throw for a key that a header cannot contain. The service rejects "none" instead.
        sessionStorage.setItem(KEY, /^[!-~]+$/.test(key) ? key : 'none');
        keyPrompt = undefined;
        resolve();
      },
      { once: true },
    );
    // The dialog cannot be cancelled, since the page does not work without a key.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.showModal();
  });
  return keyPrompt;
}

/** Sends a request to the service like `fetch`, with the key if there is one. */
export async function call(path, init = {}) {
  for (;;) {
    const response = await fetch(path, { ...init, headers: headers() });
    if (response.status !== 401) return response;
    await askForKey();
  }
}

/**
 * Sends an upload. Uses XMLHttpRequest, since `fetch` does not report the progress of an upload.
 *
 * @param onProgress called with the number of bytes sent so far
 * @param signal aborts it
 * @param idempotencyKey the service accepts an upload with the same key only once
 * @returns status, body and `Retry-After` in seconds of the response; rejects if there is no response
 */
export function upload(body, { onProgress, signal, idempotencyKey }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/process-images');
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.setRequestHeader('Idempotency-Key', idempotencyKey);
    request.responseType = 'json';
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded));
    request.addEventListener('load', () => {
      const { status, response } = request;
      const retryAfter = Number(request.getResponseHeader('Retry-After'));
      const again = () => upload(body, { onProgress, signal, idempotencyKey });
      resolve(status === 401 ? askForKey().then(again) : { status, body: response, retryAfter });
    });
    for (const type of ['error', 'abort']) request.addEventListener(type, reject);
    request.send(body);
  });
}

/**
 * Watches a batch until it is finished, and reconnects after interruptions. Uses `fetch`, since an `EventSource` cannot send the key.
 *
 * @param onStatus called with each status
 * @param onError called with the error message of the service if the batch does not exist, and without a message if the connection
 *   was interrupted
 * @param onEnd called when the batch has finished
 * @returns a function that stops watching
 */
export function watch(batchId, { onStatus, onError, onEnd }) {
  const controller = new AbortController();
  const { signal } = controller;
  const readUntilFinished = async () => {
    while (!signal.aborted) {
      try {
        const response = await call(`/batches/${encodeURIComponent(batchId)}/events`, { signal });
        const isFinal = !response.ok && response.status < 500 && response.status !== 429;
        if (isFinal) return onError((await response.json()).detail);
        if (response.ok && (await readEvents(response.body, onStatus))) return onEnd();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof TypeError)) throw error;
      }
      onError();
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_DELAY_MS));
    }
  };
  readUntilFinished();
  return () => controller.abort();
}

/** Reads a stream to its end. Returns whether the batch is finished; if not, the stream was interrupted. */
async function readEvents(body, onStatus) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    text += value;
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) {
      const [, data] = /^data: (.*)$/m.exec(event) ?? [];
      if (data) onStatus(JSON.parse(data));
      if (/^event: done$/m.test(event)) return true;
    }
  }
}

/** Returns whether the user has entered a key. */
export function hasKey() {
  return sessionStorage.getItem(KEY) !== null;
}

/** Loads an image of the service into an `img` element, which cannot send the key itself. */
export async function loadImage(image, url) {
  if (!sessionStorage.getItem(KEY)) {
    image.src = url;
    return;
  }
  const response = await call(url).catch(() => undefined);
  if (!response?.ok) return void image.dispatchEvent(new Event('error'));
  image.src = URL.createObjectURL(await response.blob());
  image.addEventListener('load', () => URL.revokeObjectURL(image.src), { once: true });
}

/** Makes a download link send the key, if there is one. If the download fails, `onError` is called with an error message. */
export function makeDownload(link, onError) {
  link.addEventListener('click', async (event) => {
    if (!sessionStorage.getItem(KEY)) return;
    event.preventDefault();
    const response = await call(link.href).catch(() => undefined);
    if (!response?.ok) return onError((await response?.json())?.detail ?? 'The service is unreachable.');
    const name = fileName(response.headers.get('Content-Disposition') ?? '');
    const url = URL.createObjectURL(await response.blob());
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
}

/** Returns the file name of a download (RFC 6266). Prefers `filename*`, since `filename` may lack non-ASCII letters. */
function fileName(disposition) {
  const [, extended] = /filename\*=UTF-8''([^;]+)/i.exec(disposition) ?? [];
  if (extended) return decodeURIComponent(extended);
  const [, quoted, plain] = /filename=(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(disposition) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
}
