// The images of batches: a grid or a list, a viewer that compares, and what can be done with several.
import { call, hasKey, loadImage, makeDownload } from '/page/api.js';
import { $, createElement, formatSize, images } from '/page/dom.js';
import { advice } from '/page/follow.js';
import { thumbHashToDataURL } from '/page/thumbhash.js';

const stateWords = {
  waiting: 'waiting',
  active: 'in progress',
  completed: 'done',
  failed: 'failed',
};

/** @type {Map<string, { file: object, item: HTMLElement, isSeen: boolean }>} by job id */
const shown = new Map();
const selected = new Set();

// A batch can have a thousand images. Only those that are seen are rendered and loaded.
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const entry = shown.get(target.dataset.jobId);
      if (!isIntersecting || !entry || entry.isSeen) continue;
      entry.isSeen = true;
      render(entry);
    }
  },
  { rootMargin: '600px' },
);

/** Removes all images. */
export function clearImages() {
  observer.disconnect();
  shown.clear();
  selected.clear();
  $('results').replaceChildren();
  showSelection();
}

/** Shows the images of a batch, or what has changed in them. */
export function showImages({ files }) {
  for (const file of files) {
    const entry = shown.get(file.jobId);
    if (!entry) {
      const item = createElement('li', {});
      item.dataset.jobId = file.jobId;
      shown.set(file.jobId, { file, item, isSeen: false });
      $('results').append(item);
      observer.observe(item);
    } else if (entry.file.state !== file.state) {
      // Rendered only after a change, so that images do not flicker and the focus is kept.
      entry.file = file;
      if (entry.isSeen) render(entry);
    }
  }
}

function render({ file, item }) {
  const { jobId, originalName, state, result, failure, failedReason } = file;
  item.dataset.state = state;
  const check = createElement('input', { type: 'checkbox', checked: selected.has(jobId), hidden: !result });
  check.setAttribute('aria-label', `Select ${originalName}`);
  check.addEventListener('change', () => {
    selected[check.checked ? 'add' : 'delete'](jobId);
    showSelection();
  });
  const head = createElement(
    'p',
    { className: 'title' },
    check,
    createElement('span', { className: 'name', textContent: originalName }),
    createElement('span', { className: `state ${state}`, textContent: stateWords[state] }),
  );
  item.replaceChildren(head);
  if (state === 'failed') return item.append(...renderFailure(jobId, failure, failedReason));
  const original = createElement('img', { alt: `${originalName}, original`, loading: 'lazy', decoding: 'async' });
  // Some browsers cannot display every format.
  original.addEventListener('error', () => original.remove());
  loadImage(original, `/jobs/${encodeURIComponent(jobId)}/original`);
  const caption = createElement('figcaption', { textContent: 'original' });
  const outputs = result ? (result.outputs ?? [result]) : [];
  item.append(
    createElement(
      'div',
      { className: 'pair' },
      createElement('figure', {}, original, caption),
      ...outputs.map((output, at) => renderResult(file, output, at)),
    ),
  );
}

function renderFailure(jobId, failure, failedReason) {
  const help = advice[failure?.code];
  const detail = createElement(
    'details',
    {},
    createElement('summary', { textContent: 'Technical detail' }),
    createElement('p', { className: 'hint', textContent: `${failure?.code ?? 'no code'} · job ${jobId}` }),
  );
  const parts = [createElement('p', { className: 'error', textContent: failedReason })];
  if (help) parts.push(createElement('p', { textContent: help }));
  return [...parts, detail];
}

const placeholderUrl = ({ thumbHash }) =>
  thumbHashToDataURL(Uint8Array.from(atob(thumbHash), (character) => character.charCodeAt(0)));

function renderResult(file, output, at) {
  const { originalName, result } = file;
  const { name, width, height, bytes, format, resultUrl } = output;
  const label = name ? `${name}: ` : '';
  const image = createElement('img', { alt: `${label}${originalName}, result`, width, height, loading: 'lazy' });
  if (at === 0) {
    image.style.backgroundColor = result.placeholder.dominantColor;
    image.style.backgroundImage = `url(${placeholderUrl(result.placeholder)})`;
    image.addEventListener('load', () => image.removeAttribute('style'));
  }
  loadImage(image, resultUrl);
  const view = createElement('button', { type: 'button', className: 'view' }, image);
  view.setAttribute('aria-label', `Compare ${label}${originalName} with the original`);
  view.addEventListener('click', () => openViewer(file, at));
  const link = createElement('a', {
    href: `${resultUrl}${resultUrl.includes('?') ? '&' : '?'}download=1`,
    download: '',
    textContent: 'Download',
  });
  makeDownload(link, say);
  link.setAttribute('aria-label', `Download ${label}${originalName}`);
  const text = `${label}${width}×${height}, ${format.toUpperCase()}, ${formatSize(bytes)} · `;
  return createElement('figure', {}, view, createElement('figcaption', {}, text, link));
}

const say = (text) => {
  $('batch-status').textContent = text;
};

// ---- The viewer

/** Images that the viewer goes through, and the one that it shows. */
let [viewed, position] = [[], 0];

function openViewer(file, at) {
  viewed = [...shown.values()].flatMap(({ file: other }) =>
    (other.result?.outputs ?? (other.result ? [other.result] : [])).map((output, index) => ({
      file: other,
      output,
      index,
    })),
  );
  position = viewed.findIndex((entry) => entry.file.jobId === file.jobId && entry.index === at);
  showViewed();
  $('viewer').showModal();
}

function showViewed() {
  const { file, output } = viewed[position];
  const { originalName, jobId } = file;
  $('viewer-title').textContent =
    `${originalName}${output.name ? `, ${output.name}` : ''} · ${position + 1} of ${viewed.length}`;
  const original = $('viewer-original');
  const result = $('viewer-result');
  original.alt = `${originalName}, original`;
  result.alt = `${originalName}, result`;
  for (const image of [original, result]) image.removeAttribute('src');
  const originalUrl = `/jobs/${encodeURIComponent(jobId)}/original`;
  loadImage(original, originalUrl);
  loadImage(result, output.resultUrl);
  $('viewer-facts').textContent = `Result: ${output.width}×${output.height}, ${formatSize(output.bytes)}`;
  showOriginalFacts(originalUrl, file, output);
  $('viewer-info').textContent = describe(file.result.info);
  setZoom(false);
}

/** Adds the size of the original, and what the result saves. */
async function showOriginalFacts(url, file, output) {
  const response = await call(url, { method: 'HEAD' }).catch(() => undefined);
  const bytes = Number(response?.headers.get('Content-Length'));
  if (!bytes || viewed[position]?.file !== file) return;
  const { naturalWidth, naturalHeight } = $('viewer-original');
  const size = naturalWidth ? `${naturalWidth}×${naturalHeight}, ` : '';
  const saved = Math.round((1 - output.bytes / bytes) * 100);
  const saving = saved >= 0 ? `${saved} % smaller` : `${-saved} % larger`;
  $('viewer-facts').textContent =
    `Original: ${size}${formatSize(bytes)} · ${$('viewer-facts').textContent} · ${saving}`;
}

/** Says in a line what the service found in the original, if the option `info` asked for it. */
function describe(info) {
  if (!info) return '';
  const { exif, dominantColors, profile } = info;
  return [
    [exif?.make, exif?.model].filter(Boolean).join(' '),
    exif?.takenAt?.replace('T', ' '),
    profile,
    dominantColors?.map(({ color }) => color).join(' '),
  ]
    .filter(Boolean)
    .join(' · ');
}

function move(by) {
  position = (position + by + viewed.length) % viewed.length;
  showViewed();
}

function setZoom(isZoomed) {
  $('compare').classList.toggle('zoomed', isZoomed);
  $('viewer-zoom').setAttribute('aria-pressed', String(isZoomed));
}

$('viewer-split').addEventListener('input', ({ target }) => {
  $('compare').style.setProperty('--split', `${target.value}%`);
});
$('viewer-zoom').addEventListener('click', () => setZoom(!$('compare').classList.contains('zoomed')));
$('viewer-previous').addEventListener('click', () => move(-1));
$('viewer-next').addEventListener('click', () => move(1));
$('viewer-close').addEventListener('click', () => $('viewer').close());
$('viewer').addEventListener('keydown', (event) => {
  // The slider uses the arrow keys itself.
  if (event.target === $('viewer-split')) return;
  if (event.key === 'ArrowLeft') move(-1);
  if (event.key === 'ArrowRight') move(1);
});

// ---- Selection

function showSelection() {
  $('selection').hidden = selected.size === 0;
  $('selection-count').textContent = `${images(selected.size)} selected`;
}

const selectedFiles = () => [...shown.values()].map(({ file }) => file).filter(({ jobId }) => selected.has(jobId));

$('select-all').addEventListener('click', () => {
  for (const { file, item } of shown.values()) {
    if (!file.result) continue;
    selected.add(file.jobId);
    const check = item.querySelector('input[type="checkbox"]');
    if (check) check.checked = true;
  }
  showSelection();
});
$('select-none').addEventListener('click', () => {
  selected.clear();
  for (const check of $('results').querySelectorAll('input[type="checkbox"]')) check.checked = false;
  showSelection();
  $('batch-title').focus();
});
$('download-selected').addEventListener('click', async () => {
  for (const { result } of selectedFiles()) {
    for (const { resultUrl } of result.outputs ?? [result]) {
      const link = createElement('a', {
        href: `${resultUrl}${resultUrl.includes('?') ? '&' : '?'}download=1`,
        download: '',
      });
      makeDownload(link, say);
      link.click();
      // Browsers drop downloads that begin at the same moment.
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
});
$('copy-selected').addEventListener('click', async () => {
  const addresses = [];
  for (const file of selectedFiles()) addresses.push(await addressOf(file));
  await navigator.clipboard.writeText(addresses.join('\n'));
  $('copy-selected').textContent = 'Copied';
  setTimeout(() => {
    $('copy-selected').textContent = 'Copy addresses';
  }, 2000);
});

/** Returns an address that others can open: a signed link where keys are in use, if the service makes them. */
async function addressOf({ jobId, result }) {
  const plain = location.origin + result.resultUrl;
  if (!hasKey()) return plain;
  const response = await call(`/jobs/${encodeURIComponent(jobId)}/links`, { method: 'POST' }).catch(() => undefined);
  return response?.ok ? (await response.json()).url : plain;
}

for (const layout of ['grid', 'list']) {
  $(`layout-${layout}`).addEventListener('click', () => {
    $('results').classList.toggle('grid', layout === 'grid');
    for (const other of ['grid', 'list']) $(`layout-${other}`).setAttribute('aria-pressed', String(other === layout));
  });
}

/** Elements that depend on whether there is anything to select. */
export function showTools(hasResults) {
  $('tools').hidden = !hasResults;
  if (!hasResults) $('selection').hidden = true;
}
