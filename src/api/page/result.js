// The results of a file: their downloads, and what the service found in the original.
import { makeDownload } from '/page/api.js';
import { $, createElement } from '/page/dom.js';

/** Returns all results of a file: one for each size, or the only one. */
export const outputsOf = ({ result }) => result?.outputs ?? (result ? [result] : []);

/** Says something about the batch that is shown. */
export const say = (text) => {
  $('batch-status').textContent = text;
};

/** Creates a link that downloads a result. */
export function createDownload({ resultUrl }, textContent = '') {
  const href = `${resultUrl}${resultUrl.includes('?') ? '&' : '?'}download=1`;
  const link = createElement('a', { href, download: '', textContent });
  makeDownload(link, say);
  return link;
}

/** Shows in a line what the service found in the original, if the option `info` asked for it: the camera, the time, the colours. */
export function renderInfo(result) {
  if (!result?.info) return [];
  const { exif, dominantColors = [], profile } = result.info;
  const camera = [exif?.make, exif?.model].filter(Boolean).join(' ');
  const text = [camera, exif?.takenAt?.replace('T', ' '), profile].filter(Boolean).join(' · ');
  const swatches = dominantColors.map(({ color }) => {
    const swatch = createElement('span', { className: 'swatch', title: color });
    swatch.style.backgroundColor = color;
    return swatch;
  });
  const names = dominantColors.map(({ color }) => color).join(' ');
  const colors = createElement('span', { className: 'palette' }, ...swatches);
  colors.setAttribute('role', 'img');
  colors.setAttribute('aria-label', `Colours: ${names}`);
  return [text, ...(swatches.length > 0 ? [colors] : [])].filter(Boolean);
}
