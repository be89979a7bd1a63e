import type { Pixels } from './pixels.ts';

/**
 * Reduces an image to a grid of cells. Each cell has the mean colour of its pixels.
 *
 * @param samples approximate number of samples along each side of a cell
 * @returns an image with four channels
 */
export function shrink(
  { data, width, height, channels }: Pixels,
  columns: number,
  rows: number,
  samples: number,
): Pixels {
  const [toGreen, toBlue] = channels < 3 ? [0, 0] : [1, 2];
  const hasAlpha = channels % 2 === 0;
  const cells = new Uint8Array(columns * rows * 4);
  for (let row = 0; row < rows; row += 1) {
    const [top, bottom, down] = span(row, rows, height, samples);
    for (let column = 0; column < columns; column += 1) {
      const [left, right, along] = span(column, columns, width, samples);
      let red = 0;
      let green = 0;
      let blue = 0;
      let opacity = 0;
      let count = 0;
      for (let y = top; y < bottom; y += down) {
        for (let x = left; x < right; x += along) {
          const at = (y * width + x) * channels;
          const alpha = hasAlpha ? (data[at + channels - 1] ?? 0) : 255;
          // Weighted by opacity, so that the colour of transparent pixels does not count.
          red += (data[at] ?? 0) * alpha;
          green += (data[at + toGreen] ?? 0) * alpha;
          blue += (data[at + toBlue] ?? 0) * alpha;
          opacity += alpha;
          count += 1;
        }
      }
      const cell = (row * columns + column) * 4;
      const weight = Math.max(1, opacity);
      cells[cell] = Math.round(red / weight);
      cells[cell + 1] = Math.round(green / weight);
      cells[cell + 2] = Math.round(blue / weight);
      cells[cell + 3] = Math.round(opacity / count);
    }
  }
  return { data: cells, width: columns, height: rows, channels: 4 };
}

/** Returns the range of a cell and the step between two samples, in pixels. A cell has at least one pixel, which others may share. */
function span(
  cell: number,
  cells: number,
  pixels: number,
  samples: number,
): [begin: number, end: number, step: number] {
  const begin = Math.floor((cell * pixels) / cells);
  const end = Math.max(begin + 1, Math.floor(((cell + 1) * pixels) / cells));
  return [begin, end, Math.max(1, Math.floor((end - begin) / samples))];
}
