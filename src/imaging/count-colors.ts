import type { ImageInfo } from './info-schema.ts';

/** Maximum number of dominant colours. */
const COLORS = 5;
/** Colours that are closer than this in RGB count as one. */
const NEAR = 48;
/** Largest difference between the channels of a grey pixel. JPEG changes grey pixels by a few levels. */
const GREY_TOLERANCE = 8;

interface Bin {
  count: number;
  /** Sum of each channel. */
  sums: [number, number, number];
}
type Color = [red: number, green: number, blue: number];

/**
 * Finds the most frequent colours of an image, and whether all are grey. Transparent pixels do not count.
 *
 * @param rgba pixels, four bytes each
 */
export function countColors(rgba: Uint8Array): Pick<ImageInfo, 'dominantColors' | 'isGrayscale'> {
  const bins = new Map<number, Bin>();
  let isGrayscale = true;
  let visible = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(at, at + 4);
    if (alpha < 128) continue;
    visible += 1;
    isGrayscale &&= Math.max(red, green, blue) - Math.min(red, green, blue) <= GREY_TOLERANCE;
    const level = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    const { count, sums } = bins.get(level) ?? { count: 0, sums: [0, 0, 0] };
    bins.set(level, { count: count + 1, sums: [sums[0] + red, sums[1] + green, sums[2] + blue] });
  }
  const groups: { color: Color; count: number }[] = [];
  for (const { count, sums } of [...bins.values()].sort((one, other) => other.count - one.count)) {
    const color = sums.map((sum) => Math.round(sum / count)) as Color;
    const near = groups.find((group) => distance(group.color, color) < NEAR);
    if (near) near.count += count;
    else groups.push({ color, count });
  }
  const dominantColors = groups
    .sort((one, other) => other.count - one.count)
    .slice(0, COLORS)
    .map(({ color, count }) => ({ color: toHex(color), share: Math.round((count / visible) * 1000) / 1000 }));
  return { dominantColors, isGrayscale };
}

function distance(one: Color, other: Color): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

function toHex(color: Color): string {
  return `#${color.map((level) => level.toString(16).padStart(2, '0')).join('')}`;
}
