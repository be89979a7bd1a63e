import { rgbaToThumbHash } from 'thumbhash';

/** A preview that a web page can show until it has loaded the result. */
export interface Placeholder {
  /** ThumbHash of the result, in base64. */
  thumbHash: string;
  /** Most frequent colour, as `#rrggbb`. */
  dominantColor: string;
}

/** Raw pixels: 8 bits a channel, row by row. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  channels: number;
}

/** Longest side of the reduced image in cells. A ThumbHash has at most seven frequencies per side. */
const SIDE = 16;
/** Approximate number of samples along each side of a cell. More samples make no visible difference. */
const SAMPLES = 4;

/** Makes the placeholder of an image. It is plain JavaScript: decoding and resizing once more in libvips takes many times as long. */
export function makePlaceholder(image: Pixels): Placeholder {
  const { data, width, height } = shrink(image);
  return {
    thumbHash: Buffer.from(rgbaToThumbHash(width, height, data)).toString('base64'),
    dominantColor: dominantColor(data),
  };
}

/**
 * Reduces an image to a grid of cells. Each cell has the mean colour of its pixels.
 *
 * @returns an image with four channels
 */
function shrink({ data, width, height, channels }: Pixels): Pixels {
  const longest = Math.max(width, height);
  const columns = Math.max(1, Math.round((Math.min(SIDE, longest) * width) / longest));
  const rows = Math.max(1, Math.round((Math.min(SIDE, longest) * height) / longest));
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  const hasAlpha = channels % 2 === 0;
  const cells = new Uint8Array(columns * rows * 4);
  for (let row = 0; row < rows; row += 1) {
    const [top, bottom, down] = span(row, rows, height);
    for (let column = 0; column < columns; column += 1) {
      const [left, right, along] = span(column, columns, width);
      const sums = [0, 0, 0] as [number, number, number];
      let [opacity, count] = [0, 0];
      for (let y = top; y < bottom; y += down) {
        for (let x = left; x < right; x += along) {
          const at = (y * width + x) * channels;
          const alpha = hasAlpha ? Number(data[at + channels - 1]) : 255;
          // Weighted by opacity, so that the colour of transparent pixels does not count.
          sums[0] += Number(data[at]) * alpha;
          sums[1] += Number(data[at + green]) * alpha;
          sums[2] += Number(data[at + blue]) * alpha;
          opacity += alpha;
          count += 1;
        }
      }
      const mean = sums.map((sum) => (opacity === 0 ? 0 : Math.round(sum / opacity)));
      cells.set([...mean, Math.round(opacity / count)], (row * columns + column) * 4);
    }
  }
  return { data: cells, width: columns, height: rows, channels: 4 };
}

/** Returns the range of a cell and the step between two samples, in pixels. */
function span(cell: number, cells: number, pixels: number): [begin: number, end: number, step: number] {
  const begin = Math.floor((cell * pixels) / cells);
  const end = Math.floor(((cell + 1) * pixels) / cells);
  return [begin, end, Math.max(1, Math.floor((end - begin) / SAMPLES))];
}

/**
 * Returns the most frequent colour, with 16 levels per channel, as the middle of its levels. If several colours are equally frequent,
 * the one with the least red wins, then green, then blue. Transparent pixels do not count.
 *
 * @param rgba pixels, four bytes each
 */
function dominantColor(rgba: Uint8Array): string {
  const counts = new Uint32Array(16 ** 3);
  let highest = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    if (Number(rgba[at + 3]) < 128) continue;
    const [red, green, blue] = [Number(rgba[at]), Number(rgba[at + 1]), Number(rgba[at + 2])];
    const level = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    const count = Number(counts[level]) + 1;
    counts[level] = count;
    highest = Math.max(highest, count);
  }
  const most = counts.indexOf(highest);
  const hex = [most >> 8, (most >> 4) & 15, most & 15].map((level) => (level * 16 + 8).toString(16).padStart(2, '0'));
  return `#${hex.join('')}`;
}
