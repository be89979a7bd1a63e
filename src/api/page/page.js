// The page at /. It speaks the public API alone: POST /process-images, GET /batches/:id/events, and the files' addresses.
import { call, curlKey, makeDownload, send, showPicture, watch } from '/page/api.js';
import { thumbHashToDataURL } from '/page/thumbhash.js';

const RECENT_KEY = 'recent-batches';
const RECENT_COUNT = 10;

const $ = (id) => document.getElementById(id);
const form = $('upload');

/** Makes an element: its properties, then its children. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** What a picture is called and how large it is, in words. */
function inWords(bytes) {
  return bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024))} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function showFault(message) {
  $('fault').textContent = message;
  $('fault').hidden = !message;
}

// ---- Choosing

/** @type {{ file: File, preview: string }[]} */
let chosen = [];

function choose(files) {
  showFault('');
  chosen.push(...[...files].map((file) => ({ file, preview: URL.createObjectURL(file) })));
  showChosen();
}

function showChosen() {
  $('chosen').replaceChildren(
    ...chosen.map((entry) => {
      const { file, preview } = entry;
      const remove = make('button', { type: 'button', className: 'button', textContent: 'Remove' });
      remove.setAttribute('aria-label', `Remove ${file.name}`);
      remove.addEventListener('click', () => {
        URL.revokeObjectURL(preview);
        chosen = chosen.filter((other) => other !== entry);
        showChosen();
        $('files').focus();
      });
      const name = make('span', { className: 'name', textContent: `${file.name} · ${inWords(file.size)}` });
      return make('li', {}, make('img', { src: preview, alt: '' }), name, remove);
    }),
  );
  $('send').disabled = chosen.length === 0;
  $('send').textContent = chosen.length > 1 ? `Process ${chosen.length} pictures` : 'Process';
}

$('files').addEventListener('change', ({ target }) => {
  choose(target.files);
  // So that the same file can be chosen again.
  target.value = '';
});
for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  $('drop').addEventListener(type, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('over', type === 'dragenter' || type === 'dragover');
    if (type === 'drop') choose(event.dataTransfer.files);
  });
}

async function loadPresets() {
  const { presets, presetsOnly } = await (await call('/presets')).json();
  const names = Object.keys(presets);
  $('preset').append(...names.map((name) => make('option', { value: name, textContent: name })));
  $('preset-row').hidden = names.length === 0;
  $('options').hidden = presetsOnly;
}

// ---- Sending

/** The options that were set, by name. */
function options() {
  return [...new FormData(form)].filter(([, value]) => typeof value === 'string' && value !== '');
}

/** The curl line that does the same. */
function curlLine() {
  const quote = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const path = (name) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const parts = [
    ...curlKey(),
    ...chosen.map(({ file }) => `-F ${quote(`images=@${path(file.name)}`)}`),
    ...options().map(([name, value]) => `-F ${quote(`${name}=${value}`)}`),
  ];
  return `curl ${parts.join(' ')} ${location.origin}/process-images`;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  showFault('');
  $('send').disabled = true;
  const body = new FormData();
  for (const { file } of chosen) body.append('images', file, file.name);
  for (const [name, value] of options()) body.append(name, value);
  const curl = curlLine();
  showUpload();

  send(body, showUploaded).then(
    (answer) => {
      if (answer.status === 202) accepted(answer.body, curl);
      else refused(answer.body?.detail ?? `The service answered with ${answer.status}. Try again later.`);
    },
    () => refused('The service could not be reached. Is it running? Your choice is kept.'),
  );
});

function refused(message) {
  $('batch').hidden = true;
  form.hidden = false;
  $('send').disabled = false;
  showFault(message);
}

function accepted({ batchId, totalFiles }, curl) {
  for (const { preview } of chosen) URL.revokeObjectURL(preview);
  const names = chosen.map(({ file }) => file.name);
  chosen = [];
  showChosen();
  remember({ batchId, names, totalFiles, curl, at: Date.now() });
  location.hash = batchId;
}

/** Shows the chosen pictures with the progress of their upload, until the batch itself can be shown. */
function showUpload() {
  form.hidden = true;
  $('batch').hidden = false;
  $('batch-title').textContent = 'Uploading';
  $('batch-status').textContent = '';
  $('archive').hidden = true;
  $('curl-row').hidden = true;
  $('batch-progress').value = 0;
  $('results').replaceChildren(
    ...chosen.map(({ file, preview }) => {
      const bar = make('progress', { max: file.size, value: 0 });
      bar.setAttribute('aria-label', `Upload of ${file.name}`);
      const before = make('figure', {}, make('img', { src: preview, alt: `${file.name}, before` }));
      return make('li', {}, title(file.name, 'uploading'), bar, make('div', { className: 'pair' }, before));
    }),
  );
  $('batch-title').focus();
}

/** The files travel one after the other, so what has arrived fills them in order. */
function showUploaded(loaded) {
  let rest = loaded;
  for (const bar of $('results').querySelectorAll('progress')) {
    bar.value = Math.min(bar.max, rest);
    rest = Math.max(0, rest - bar.max);
  }
}

// ---- Watching

/** Ends the watching of the batch that is shown. */
let stopWatching = () => {};

function open(batchId) {
  stopWatching();
  form.hidden = true;
  $('batch').hidden = false;
  $('batch-title').textContent = 'Batch';
  $('batch-status').textContent = 'Looking …';
  $('results').replaceChildren();
  const { curl } = recent().find((batch) => batch.batchId === batchId) ?? {};
  $('curl').textContent = curl ?? '';
  $('curl-row').hidden = !curl;

  stopWatching = watch(batchId, show, (fault) => showStatus(fault ?? 'The connection was lost; trying again …'));
}

function showStatus(text) {
  $('batch-status').textContent = text;
}

function show({ batchId, status, progress, files, links }) {
  const { total, completed, failed } = progress;
  const words = {
    waiting: 'waiting',
    processing: 'in progress',
    completed: 'done',
    'completed-with-errors': 'done, with errors',
  };
  $('batch-title').textContent = `Batch of ${total} ${total === 1 ? 'picture' : 'pictures'}: ${words[status]}`;
  $('batch-status').textContent = `${completed} done, ${failed} failed, ${total - completed - failed} to go`;
  $('batch-progress').max = total;
  $('batch-progress').value = completed + failed;
  $('archive').href = links.archive;
  $('archive').hidden = !status.startsWith('completed') || completed === 0;
  const list = $('results');
  if (list.dataset.batchId !== batchId || list.children.length !== total) {
    list.dataset.batchId = batchId;
    list.replaceChildren(...files.map(() => make('li')));
  }
  for (const [index, file] of files.entries()) {
    const item = list.children[index];
    // Drawn anew only when something has changed, so that nothing flickers and the focus stays.
    if (item.dataset.state === file.state) continue;
    item.dataset.state = file.state;
    item.replaceChildren(...describe(file));
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
  return make(
    'p',
    { className: 'title' },
    make('span', { className: 'name', textContent: name }),
    make('span', { className: `state ${state}`, textContent: stateWords[state] }),
  );
}

/** What there is to say of one file. */
function describe({ jobId, originalName, state, result, failedReason }) {
  const before = make('img', { alt: `${originalName}, before`, loading: 'lazy' });
  // Not every browser shows every format.
  before.addEventListener('error', () => before.remove());
  showPicture(before, `/jobs/${encodeURIComponent(jobId)}/original`);
  const pair = make(
    'div',
    { className: 'pair' },
    make('figure', {}, before, make('figcaption', { textContent: 'before' })),
  );
  const parts = [title(originalName, state)];
  if (state === 'failed') parts.push(make('p', { className: 'fault', textContent: failedReason }));
  if (result) {
    const outputs = result.outputs ?? [result];
    pair.append(...outputs.map((output) => after(originalName, output, result.placeholder)));
  }
  if (state !== 'failed') parts.push(pair);
  return parts;
}

function after(originalName, { name, width, height, bytes, format, resultUrl }, placeholder) {
  const label = name ? `${name}: ` : '';
  const image = make('img', { alt: `${originalName}, after`, width, height, loading: 'lazy' });
  image.style.backgroundColor = placeholder.dominantColor;
  image.style.backgroundImage = `url(${thumbHashToDataURL(Uint8Array.from(atob(placeholder.thumbHash), (byte) => byte.charCodeAt(0)))})`;
  image.addEventListener('load', () => image.removeAttribute('style'));
  showPicture(image, resultUrl);
  const link = make('a', {
    href: `${resultUrl}${resultUrl.includes('?') ? '&' : '?'}download=1`,
    download: '',
    textContent: 'Download',
  });
  makeDownload(link, showStatus);
  link.setAttribute('aria-label', `Download ${label}${originalName}`);
  const caption = make(
    'figcaption',
    {},
    `${label}${width}×${height}, ${format.toUpperCase()}, ${inWords(bytes)} · `,
    link,
  );
  return make('figure', {}, image, caption);
}

makeDownload($('archive'), showStatus);
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

// ---- Remembering, in this browser only

function recent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT_KEY)) ?? [];
  } catch {
    return [];
  }
}

function remember(batch) {
  try {
    localStorage.setItem(RECENT_KEY, JSON.stringify([batch, ...recent()].slice(0, RECENT_COUNT)));
  } catch {
    // A browser that keeps nothing still shows the batch.
  }
  showRecent();
}

function showRecent() {
  const batches = recent();
  $('recent').hidden = batches.length === 0;
  $('recent-list').replaceChildren(
    ...batches.map(({ batchId, names, totalFiles, at }) => {
      const more = totalFiles > 2 ? ` and ${totalFiles - 2} more` : '';
      const text = `${names.slice(0, 2).join(', ')}${more}`;
      return make(
        'li',
        {},
        make('a', { href: `#${batchId}`, textContent: text }),
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

// ---- Where we are: the batch in the address, so that a reload or a link leads back to it

function follow() {
  const batchId = location.hash.slice(1);
  if (batchId) return open(batchId);
  stopWatching();
  $('batch').hidden = true;
  form.hidden = false;
}

addEventListener('hashchange', follow);
showRecent();
follow();
loadPresets().catch(() => showFault('The presets could not be loaded. Reload the page to try again.'));
