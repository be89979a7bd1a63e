// The viewer: compares a result with its original, and goes through all results of a batch.
import { call, loadImage } from '/page/api.js';
import { $, formatSize } from '/page/dom.js';
import { outputsOf, renderInfo } from '/page/result.js';

/** Results that the viewer goes through, and the position of the one that it shows. */
let [viewed, position] = [[], 0];

/** Opens the viewer with a result of a file. It can go on to the results of all `files`. */
export function openViewer(files, file, at) {
  viewed = files.flatMap((other) => outputsOf(other).map((output, index) => ({ file: other, output, index })));
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
  const loading = loadImage(original, originalUrl);
  loadImage(result, output.resultUrl);
  $('viewer-facts').textContent = `Result: ${output.width}×${output.height}, ${formatSize(output.bytes)}`;
  showOriginalFacts(originalUrl, loading, output);
  $('viewer-info').replaceChildren(...renderInfo(file.result));
  setZoom(false);
}

/** Adds the size of the original, and what the result saves. */
async function showOriginalFacts(url, loading, output) {
  const response = await call(url, { method: 'HEAD' }).catch(() => undefined);
  await loading;
  // Some browsers cannot display every format.
  await $('viewer-original')
    .decode()
    .catch(() => undefined);
  const bytes = Number(response?.headers.get('Content-Length'));
  if (!bytes || viewed[position]?.output !== output) return;
  const { naturalWidth, naturalHeight } = $('viewer-original');
  const size = naturalWidth ? `${naturalWidth}×${naturalHeight}, ` : '';
  const saved = Math.round((1 - output.bytes / bytes) * 100);
  const saving = saved >= 0 ? `${saved} % smaller` : `${-saved} % larger`;
  $('viewer-facts').textContent =
    `Original: ${size}${formatSize(bytes)} · ${$('viewer-facts').textContent} · ${saving}`;
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
