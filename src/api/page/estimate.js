// Computes the size of a result. A test compares it with real results.

const DEFAULT_WIDTH = 512;

/**
 * Returns the size of a result in pixels, or nothing if the options make no result.
 *
 * @param natural size of the upright original
 */
export function estimateSize(natural, options) {
  const { dpr = 1, fit = 'cover', enlarge = true, rotate = 0, crop, pad = '0' } = options;
  const source = crop === undefined ? rotated(natural, rotate) : cropped(rotated(natural, rotate), crop);
  if (!(source.width > 0 && source.height > 0)) return undefined;
  const scaledByDpr = (side) => side && Math.max(1, Math.round(side * dpr));
  const width = scaledByDpr(options.width ?? (options.height === undefined ? DEFAULT_WIDTH : undefined));
  const height = scaledByDpr(options.height);

  const scales = [width && width / source.width, height && height / source.height].filter(Boolean);
  const wanted = fit === 'inside' || fit === 'contain' ? Math.min(...scales) : Math.max(...scales);
  const scale = enlarge ? wanted : Math.min(1, wanted);
  const scaled = [source.width, source.height].map((side) => Math.max(1, Math.round(side * scale)));
  const isExact = width && height && fit !== 'inside' && fit !== 'outside';
  const target = isExact ? [width, height] : scaled;
  const isClipped = isExact && !enlarge && fit !== 'contain';
  const drawn = isClipped ? [Math.min(width, source.width), Math.min(height, source.height)] : target;

  const [top = 0, right = top, bottom = top, left = right] = String(pad)
    .split(',')
    .map((edge) => Math.round(edge * dpr));
  return { width: drawn[0] + left + right, height: drawn[1] + top + bottom };
}

function rotated({ width, height }, degrees) {
  if (degrees % 180 === 0) return { width, height };
  if (degrees % 90 === 0) return { width: height, height: width };
  const [sin, cos] = [Math.sin, Math.cos].map((f) => Math.abs(f((degrees * Math.PI) / 180)));
  return { width: Math.round(width * cos + height * sin), height: Math.round(width * sin + height * cos) };
}

/** Clips the crop to the image. Outside of it the sides are not positive. */
function cropped(whole, crop) {
  const [x, y, across, down] = crop.split(',');
  const pixels = (length, side) =>
    Math.round(length.endsWith('%') ? (Number.parseFloat(length) / 100) * side : Number(length));
  const clip = (start, length, side) => Math.min(Math.max(1, pixels(length, side)), side - pixels(start, side));
  return { width: clip(x, across, whole.width), height: clip(y, down, whole.height) };
}
