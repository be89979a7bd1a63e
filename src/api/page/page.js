// The page at /. It uses only the public API.
import { call, curlKeyArguments, hasKey, loadImage, makeDownload, upload, watch } from '/page/api.js';
import { $, createElement } from '/page/dom.js';
import { markInvalid, updateEstimate } from '/page/options.js';
import { thumbHashToDataURL } from '/page/thumbhash.js';

const RECENT_KEY = 'recent-batches';
const MAX_RECENT = 10;

const form = $('upload');

/** Formats a file size. */
function formatSize(bytes) {
  return bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024))} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function showError(message) {
  $('error').textContent = message;
  $('error').hidden = !message;
}

// ---- Choosing files

/** @type {{ file: File, preview: string }[]} */
let chosen = [];

function addFiles(files) {
  showError('');
  chosen.push(...[...files].map((file) => ({ file, preview: URL.createObjectURL(file) })));
  showChosen();
}

function showChosen() {
  $('chosen').replaceChildren(
    ...chosen.map((entry) => {
      const { file, preview } = entry;
      const remove = createElement('button', { type: 'button', className: 'button', textContent: 'Remove' });
      remove.setAttribute('aria-label', `Remove ${file.name}`);
      remove.addEventListener('click', () => {
        URL.revokeObjectURL(preview);
        chosen = chosen.filter((other) => other !== entry);
        showChosen();
        $('files').focus();
      });
      const name = createElement('span', { className: 'name', textContent: `${file.name} · ${formatSize(file.size)}` });
      return createElement('li', {}, createElement('img', { src: preview, alt: '' }), name, remove);
    }),
  );
  $('send').disabled = chosen.length === 0 && !source;
  $('send').textContent = source ? 'Process again' : chosen.length > 1 ? `Process ${chosen.length} images` : 'Process';
  updateEstimate();
}

/** Batch whose images are processed again with other options; without one the chosen images are uploaded. */
let source;

/** Shows the form for the images of a batch, or without a batch for images to choose. */
function setSource(batchId, total = 0) {
  source = batchId;
  $('source').hidden = !batchId;
  $('source').textContent = batchId
    ? `Choose other options for the ${total} ${total === 1 ? 'image' : 'images'} of the batch.`
    : '';
  $('drop').hidden = Boolean(batchId);
  $('chosen').hidden = Boolean(batchId);
  if (batchId) $('options').open = true;
  showError('');
  showChosen();
}

$('files').addEventListener('change', ({ target }) => {
  addFiles(target.files);
  // Without this, choosing the same file again would fire no event.
  target.value = '';
});
for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  $('drop').addEventListener(type, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', type === 'dragenter' || type === 'dragover');
    if (type === 'drop') addFiles(event.dataTransfer.files);
  });
}

async function loadPresets() {
  const { presets, presetsOnly } = await (await call('/presets')).json();
  const names = Object.keys(presets);
  $('preset').append(...names.map((name) => createElement('option', { value: name, textContent: name })));
  $('preset-row').hidden = names.length === 0;
  $('options').hidden = presetsOnly;
}

// ---- Uploading

/** Returns the names and values of the options that are set. */
function options() {
  return [...new FormData(form)].filter(([, value]) => typeof value === 'string' && value !== '');
}

/** Returns the curl command that sends the same upload. */
function curlCommand() {
  const quote = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const path = (name) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const parts = [
    ...curlKeyArguments(),
    ...chosen.map(({ file }) => `-F ${quote(`images=@${path(file.name)}`)}`),
    ...options().map(([name, value]) => `-F ${quote(`${name}=${value}`)}`),
  ];
  return `curl ${parts.join(' ')} ${location.origin}/process-images`;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  showError('');
  $('send').disabled = true;
  if (source) return void sendAction(source, 'reprocess', new URLSearchParams(options()));
  const body = new FormData();
  for (const { file } of chosen) body.append('images', file, file.name);
  for (const [name, value] of options()) body.append(name, value);
  const curl = curlCommand();
  showUpload();

  upload(body, showUploadProgress).then(
    (response) => {
      if (response.status === 202) onAccepted(response.body, curl);
      else
        onRejected(
          response.body?.detail ?? `The service responded with status ${response.status}. Try again later.`,
          response.body?.code,
        );
    },
    () => onRejected('The service is unreachable. Check that it is running, and try again.'),
  );
});

/** Shows the form again, with the chosen files and an error message. */
function onRejected(message, code) {
  $('batch').hidden = true;
  form.hidden = false;
  $('send').disabled = false;
  showError(message);
  if (code === 'INVALID_OPTION') markInvalid(message);
}

function onAccepted({ batchId, totalFiles }, curl) {
  for (const { preview } of chosen) URL.revokeObjectURL(preview);
  const names = chosen.map(({ file }) => file.name);
  chosen = [];
  showChosen();
  addRecent({ batchId, names, totalFiles, curl, at: Date.now() });
  location.hash = batchId;
}

/** Shows the chosen files with their upload progress. */
function showUpload() {
  form.hidden = true;
  $('batch').hidden = false;
  $('batch-title').textContent = 'Uploading';
  $('batch-status').textContent = '';
  for (const name of ['archive', 'cancel', 'retry', 'reprocess']) $(name).hidden = true;
  $('curl-row').hidden = true;
  $('batch-progress').value = 0;
  $('results').replaceChildren(
    ...chosen.map(({ file, preview }) => {
      const bar = createElement('progress', { max: file.size, value: 0 });
      bar.setAttribute('aria-label', `Upload of ${file.name}`);
      const original = createElement(
        'figure',
        {},
        createElement('img', { src: preview, alt: `${file.name}, original` }),
      );
      return createElement(
        'li',
        {},
        title(file.name, 'uploading'),
        bar,
        createElement('div', { className: 'pair' }, original),
      );
    }),
  );
  $('batch-title').focus();
}

/** Distributes the sent bytes over the progress bars in order, since the browser sends one file after another. */
function showUploadProgress(sentBytes) {
  let remaining = sentBytes;
  for (const bar of $('results').querySelectorAll('progress')) {
    bar.value = Math.min(bar.max, remaining);
    remaining = Math.max(0, remaining - bar.max);
  }
}

// ---- Watching a batch

let stopWatching = () => {};

function openBatch(batchId) {
  stopWatching();
  form.hidden = true;
  $('batch').hidden = false;
  $('batch-title').textContent = 'Batch';
  $('batch-status').textContent = 'Loading …';
  $('batch-progress').value = 0;
  for (const name of ['archive', 'cancel', 'retry', 'reprocess']) $(name).hidden = true;
  $('results').replaceChildren();
  const { curl } = recent().find((batch) => batch.batchId === batchId) ?? {};
  $('curl').textContent = curl ?? '';
  $('curl-row').hidden = !curl;

  stopWatching = watch(batchId, showBatch, (error) => showMessage(error ?? 'Connection lost. Reconnecting …'));
}

/** Sends an action of a batch. If it makes a new batch, opens that one. */
async function sendAction(batchId, action, body) {
  const path = `/batches/${encodeURIComponent(batchId)}/${action}`;
  const fail = source ? onRejected : showMessage;
  const response = await call(path, { method: 'POST', ...(body && { body }) }).catch(() => undefined);
  if (!response) return fail('The service is unreachable. Check that it is running, and try again.');
  const answer = await response.json();
  if (!response.ok) return fail(answer.detail, answer.code);
  if (action === 'cancel') return showBatch(answer);
  addRecent({ batchId: answer.batchId, names: shown.names, totalFiles: answer.totalFiles, at: Date.now() });
  location.hash = answer.batchId;
}

/** Id and file names of the batch that is shown. */
let shown = { batchId: '', names: [], total: 0 };

$('cancel').addEventListener('click', () => {
  sendAction(shown.batchId, 'cancel');
  $('batch-title').focus();
});
$('retry').addEventListener('click', () => sendAction(shown.batchId, 'retry'));
$('reprocess').addEventListener('click', () => {
  $('batch').hidden = true;
  form.hidden = false;
  setSource(shown.batchId, shown.total);
  $('options').querySelector('summary').focus();
});

function showMessage(text) {
  $('batch-status').textContent = text;
}

function showBatch({ batchId, status, progress, files, links }) {
  const { total, completed, failed } = progress;
  const words = {
    waiting: 'waiting',
    processing: 'in progress',
    completed: 'done',
    'completed-with-errors': 'done, with errors',
  };
  $('batch-title').textContent = `Batch of ${total} ${total === 1 ? 'image' : 'images'}: ${words[status]}`;
  showMessage(`${completed} done, ${failed} failed, ${total - completed - failed} remaining`);
  $('batch-progress').max = total;
  $('batch-progress').value = completed + failed;
  const hasEnded = status.startsWith('completed');
  shown = { batchId, names: files.map(({ originalName }) => originalName), total };
  $('cancel').hidden = hasEnded;
  $('retry').hidden = !hasEnded || failed === 0;
  $('reprocess').hidden = !hasEnded;
  $('archive').href = links.archive;
  $('archive').hidden = !hasEnded || completed === 0;
  const list = $('results');
  if (list.dataset.batchId !== batchId || list.children.length !== total) {
    list.dataset.batchId = batchId;
    list.replaceChildren(...files.map(() => createElement('li')));
  }
  for (const [index, file] of files.entries()) {
    const item = list.children[index];
    // Rendered only after a change, so that images do not flicker and the focus is kept.
    if (item.dataset.state === file.state) continue;
    item.dataset.state = file.state;
    item.replaceChildren(...renderFile(file));
  }
}

const stateWords = {
  uploading: 'uploading',
  waiting: 'waiting',
  active: 'in progress',
  completed: 'done',
  failed: 'failed',
};

function title(name, state) {
  return createElement(
    'p',
    { className: 'title' },
    createElement('span', { className: 'name', textContent: name }),
    createElement('span', { className: `state ${state}`, textContent: stateWords[state] }),
  );
}

/** Returns the elements for one file: its name and state, and its images or its error. */
function renderFile({ jobId, originalName, state, result, failedReason }) {
  const original = createElement('img', { alt: `${originalName}, original`, loading: 'lazy' });
  // Some browsers cannot display every format.
  original.addEventListener('error', () => original.remove());
  loadImage(original, `/jobs/${encodeURIComponent(jobId)}/original`);
  const pair = createElement(
    'div',
    { className: 'pair' },
    createElement('figure', {}, original, createElement('figcaption', { textContent: 'original' })),
  );
  const parts = [title(originalName, state)];
  if (state === 'failed') parts.push(createElement('p', { className: 'error', textContent: failedReason }));
  if (result) {
    const outputs = result.outputs ?? [result];
    pair.append(...outputs.map((output) => renderResult(originalName, output, result.placeholder)));
  }
  if (state !== 'failed') parts.push(pair);
  return parts;
}

function renderResult(originalName, { name, width, height, bytes, format, resultUrl }, placeholder) {
  const label = name ? `${name}: ` : '';
  const image = createElement('img', { alt: `${label}${originalName}, result`, width, height, loading: 'lazy' });
  image.style.backgroundColor = placeholder.dominantColor;
  image.style.backgroundImage = `url(${thumbHashToDataURL(Uint8Array.from(atob(placeholder.thumbHash), (byte) => byte.charCodeAt(0)))})`;
  image.addEventListener('load', () => image.removeAttribute('style'));
  loadImage(image, resultUrl);
  const link = createElement('a', {
    href: `${resultUrl}${resultUrl.includes('?') ? '&' : '?'}download=1`,
    download: '',
    textContent: 'Download',
  });
  makeDownload(link, showMessage);
  link.setAttribute('aria-label', `Download ${label}${originalName}`);
  const caption = createElement(
    'figcaption',
    {},
    `${label}${width}×${height}, ${format.toUpperCase()}, ${formatSize(bytes)} · `,
    link,
  );
  return createElement('figure', {}, image, caption);
}

makeDownload($('archive'), showMessage);
$('another').addEventListener('click', () => {
  location.hash = '';
});
$('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('curl').textContent);
  $('copy').textContent = 'Copied';
  setTimeout(() => {
    $('copy').textContent = 'Copy';
  }, 2000);
});

// ---- Recent batches: with an API key from the service, otherwise stored only in this browser

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT_KEY)) ?? [];
  } catch {
    return [];
  }
}

function addRecent(batch) {
  try {
    localStorage.setItem(RECENT_KEY, JSON.stringify([batch, ...recent()].slice(0, MAX_RECENT)));
  } catch {
    // The browser does not allow local storage. The batch is shown all the same.
  }
  showRecent();
}

/** Lists the latest batches of the API key. Names of files are known only of those that were uploaded here. */
async function listBatches() {
  const response = await call(`/batches?limit=${MAX_RECENT}`);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const { batches } = await response.json();
  return batches.map(({ batchId, tags, createdAt, progress: { total } }) => {
    const { names } = recent().find((batch) => batch.batchId === batchId) ?? {};
    const unnamed = [tags.join(', ') || `${total} ${total === 1 ? 'image' : 'images'}`];
    return { batchId, names: names ?? unnamed, totalFiles: names ? total : 1, at: createdAt };
  });
}

async function showRecent() {
  const isFromService = hasKey();
  const batches = isFromService ? await listBatches().catch(() => recent()) : recent();
  $('recent-title').textContent = isFromService ? 'Batches of this API key' : 'Recent batches';
  $('recent-hint').hidden = isFromService;
  $('forget').hidden = isFromService;
  $('recent').hidden = batches.length === 0;
  $('recent-list').replaceChildren(
    ...batches.map(({ batchId, names, totalFiles, at }) => {
      const more = totalFiles > 2 ? ` and ${totalFiles - 2} more` : '';
      const text = `${names.slice(0, 2).join(', ')}${more}`;
      return createElement(
        'li',
        {},
        createElement('a', { href: `#${batchId}`, textContent: text }),
        ` · ${new Date(at).toLocaleString()}`,
      );
    }),
  );
}

$('forget').addEventListener('click', () => {
  localStorage.removeItem(RECENT_KEY);
  showRecent();
  $('files').focus();
});

// ---- Navigation: the batch id is in the address, so that a reload or a link opens the batch again

function navigate() {
  setSource(undefined);
  const batchId = location.hash.slice(1);
  if (batchId) return openBatch(batchId);
  stopWatching();
  $('batch').hidden = true;
  form.hidden = false;
}

addEventListener('hashchange', navigate);
showRecent();
navigate();
// With an API key the list comes from the service. The first request asks for the key.
loadPresets().then(showRecent, () => showError('The presets could not be loaded. Reload the page to try again.'));
