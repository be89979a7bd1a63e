// How the page speaks to the service: with the key that was asked for, where the service wants one.

const KEY = 'api-key';
/** Milliseconds before a stream that was cut off is opened again. */
const RECONNECT_MS = 2000;

const dialog = document.getElementById('key-dialog');

/** The key is kept for this tab alone, and is gone when it is closed. */
function headers() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @type {Promise<void> | undefined} */
let asking;

/** Asks for the key, once however many wait for it. */
function askForKey() {
  asking ??= new Promise((resolve) => {
    const { elements } = dialog.querySelector('form');
    document.getElementById('key-refused').hidden = !sessionStorage.getItem(KEY);
    dialog.addEventListener(
      'close',
      () => {
        const key = elements.key.value.trim();
        // What cannot be sent in a header cannot be a key.
        sessionStorage.setItem(KEY, /^[!-~]+$/.test(key) ? key : 'none');
        asking = undefined;
        resolve();
      },
      { once: true },
    );
    // Without a key there is nothing to do here.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    dialog.showModal();
  });
  return asking;
}

/** Like `fetch`, of an address of this service. */
export async function call(path, init = {}) {
  for (;;) {
    const answer = await fetch(path, { ...init, headers: headers() });
    if (answer.status !== 401) return answer;
    await askForKey();
  }
}

/**
 * Sends an upload.
 *
 * @param onProgress called with the bytes sent so far
 * @returns the status and the body of the answer; rejects when there is none
 */
export function send(body, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/process-images');
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded));
    request.addEventListener('load', () => {
      const { status, response } = request;
      resolve(status === 401 ? askForKey().then(() => send(body, onProgress)) : { status, body: response });
    });
    request.addEventListener('error', reject);
    request.send(body);
  });
}

/**
 * Watches a batch until it is finished, across interruptions. (An `EventSource` could not send the key.)
 *
 * @param told called with each status
 * @param lost called with what the service says when it has no such batch, and with nothing when the connection was lost
 * @returns ends the watching
 */
export function watch(batchId, told, lost) {
  const ending = new AbortController();
  const { signal } = ending;
  const follow = async () => {
    while (!signal.aborted) {
      try {
        const answer = await call(`/batches/${encodeURIComponent(batchId)}/events`, { signal });
        if (answer.status < 500 && !answer.ok && answer.status !== 429) return lost((await answer.json()).detail);
        if (answer.ok && (await readEvents(answer.body, told))) return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof TypeError)) throw error;
      }
      lost();
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  };
  follow();
  return () => ending.abort();
}

/** @returns whether the batch is finished; otherwise the stream was cut off */
async function readEvents(body, told) {
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
      if (data) told(JSON.parse(data));
      if (/^event: done$/m.test(event)) return true;
    }
  }
}

/** What the curl line needs beside the rest. */
export function curlKey() {
  return sessionStorage.getItem(KEY) ? ['-H "Authorization: Bearer $API_KEY"'] : [];
}

/** Shows a picture of the service in an image element, which cannot send a key by itself. */
export async function showPicture(image, url) {
  if (!sessionStorage.getItem(KEY)) {
    image.src = url;
    return;
  }
  const answer = await call(url).catch(() => undefined);
  if (!answer?.ok) return void image.dispatchEvent(new Event('error'));
  image.src = URL.createObjectURL(await answer.blob());
  image.addEventListener('load', () => URL.revokeObjectURL(image.src), { once: true });
}

/** Makes a link to a file of the service download it, with the key where there is one; calls `failed` with why it cannot. */
export function makeDownload(link, failed) {
  link.addEventListener('click', async (event) => {
    if (!sessionStorage.getItem(KEY)) return;
    event.preventDefault();
    const answer = await call(link.href).catch(() => undefined);
    if (!answer?.ok) return failed((await answer?.json())?.detail ?? 'The service could not be reached.');
    const name = fileName(answer.headers.get('Content-Disposition') ?? '');
    const url = URL.createObjectURL(await answer.blob());
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
}

/** Name of a download (RFC 6266): the extended one where there is one, since the other may lack letters. */
function fileName(disposition) {
  const [, extended] = /filename\*=UTF-8''([^;]+)/i.exec(disposition) ?? [];
  if (extended) return decodeURIComponent(extended);
  const [, quoted, plain] = /filename=(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(disposition) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
}
