// The images of batches, as a list or a grid.
import { loadImage } from '/page/api.js';
import { $, createButton, createElement, formatSize } from '/page/dom.js';
import { advice } from '/page/follow.js';
import { createDownload, outputsOf, renderInfo } from '/page/result.js';
import { createCheck, retry, select } from '/page/select.js';
import { thumbHashToDataURL } from '/page/thumbhash.js';
import { openViewer } from '/page/viewer.js';

const stateWords = {
  waiting: 'waiting',
  active: 'in progress',
  completed: 'done',
  failed: 'failed',
};

/** @type {Map<string, { file: object, item: HTMLElement, isSeen: boolean }>} by job id */
const shown = new Map();

/** Files that have ended and were not deleted. */
const endedFiles = () => [...shown.values()].flatMap(({ file }) => (hasEnded(file) ? [file] : []));
const hasEnded = ({ state, deletedAt }) => (state === 'completed' || state === 'failed') && !deletedAt;

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
  select([]);
  $('results').replaceChildren();
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
    } else if (entry.file.state !== file.state || entry.file.deletedAt !== file.deletedAt) {
      // Rendered only after a change, so that images do not flicker and the focus is kept.
      entry.file = file;
      if (entry.isSeen) render(entry);
    }
  }
}

function render({ file, item }) {
  const { jobId, originalName, state, result, deletedAt } = file;
  item.dataset.state = state;
  const word = deletedAt ? 'deleted' : stateWords[state];
  item.replaceChildren(
    createElement(
      'p',
      { className: 'title' },
      ...(hasEnded(file) ? [createCheck(file)] : []),
      createElement('span', { className: 'name', textContent: originalName, title: originalName }),
      createElement('span', { className: `state ${state}`, textContent: word }),
    ),
  );
  if (deletedAt) return;
  if (state === 'failed') return item.append(...renderFailure(file));
  const original = createElement('img', { alt: `${originalName}, original`, loading: 'lazy', decoding: 'async' });
  // Some browsers cannot display every format.
  original.addEventListener('error', () => original.remove());
  loadImage(original, `/jobs/${encodeURIComponent(jobId)}/original`);
  const caption = createElement('figcaption', { textContent: 'original' });
  const info = renderInfo(result);
  item.append(
    createElement(
      'div',
      { className: 'pair' },
      createElement('figure', {}, original, caption),
      ...outputsOf(file).map((output, at) => renderResult(file, output, at)),
    ),
    ...(info.length > 0 ? [createElement('p', { className: 'hint' }, ...info)] : []),
  );
}

function renderFailure(file) {
  const { jobId, originalName, failure, failedReason } = file;
  const help = advice[failure?.code];
  const detail = createElement(
    'details',
    {},
    createElement('summary', { textContent: 'Technical detail' }),
    createElement('p', { className: 'hint', textContent: `${failure?.code ?? 'no code'} · job ${jobId}` }),
  );
  const parts = [createElement('p', { className: 'error', textContent: failedReason })];
  if (help) parts.push(createElement('p', { textContent: help }));
  const button = createButton('Retry', () => retry([file]), `Retry ${originalName}`);
  return [...parts, createElement('p', {}, button), detail];
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
  view.addEventListener('click', () => openViewer(endedFiles(), file, at));
  const link = createDownload(output, 'Download');
  link.setAttribute('aria-label', `Download ${label}${originalName}`);
  const text = `${label}${width}×${height}, ${format.toUpperCase()}, ${formatSize(bytes)} · `;
  return createElement('figure', {}, view, createElement('figcaption', {}, text, link));
}

$('select-all').addEventListener('click', () => select(endedFiles()));

for (const layout of ['grid', 'list']) {
  $(`layout-${layout}`).addEventListener('click', () => {
    $('results').classList.toggle('grid', layout === 'grid');
    for (const other of ['grid', 'list']) $(`layout-${other}`).setAttribute('aria-pressed', String(other === layout));
  });
}

/** Shows the buttons that need images that have ended. */
export function showTools(hasEndedFiles) {
  $('tools').hidden = !hasEndedFiles;
}
