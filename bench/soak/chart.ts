import { round } from '../rows.ts';
import type { Growth } from './growth.ts';
import { type Sample, valuesOf } from './samples.ts';

const COLUMNS = 3;
const WIDTH = 260;
const HEIGHT = 110;
const GAP = 20;
/** Height of the title above each line, in pixels. */
const TITLE = 26;
/** Points of a line. Each is the mean of several samples. */
const POINTS = 120;

/** Draws one small chart for each series, each from zero, so that growth is seen in proportion. Readable on light and dark pages. */
export function chart(samples: readonly Sample[], rows: readonly Growth[]): string {
  const width = COLUMNS * (WIDTH + GAP) + GAP;
  const height = Math.ceil(rows.length / COLUMNS) * (HEIGHT + GAP) + GAP;
  const panels = rows.map((row, index) => {
    const left = GAP + (index % COLUMNS) * (WIDTH + GAP);
    const top = GAP + Math.floor(index / COLUMNS) * (HEIGHT + GAP);
    return `<g transform="translate(${left} ${top})">${panel(samples, row)}</g>`;
  });
  const minutes = Math.round(samples.at(-1)?.minute ?? 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">Resources of the service over ${minutes} minutes</title>
<desc id="description">${rows.map(describe).join(' ')}</desc>
<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.value { fill: #59636e }
.axis { stroke: #d1d9e0 }
.line { fill: none; stroke: #0969da; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .value { fill: #9198a1 }
  .axis { stroke: #3d444d }
  .line { stroke: #4493f8 }
}
</style>
${panels.join('\n')}
</svg>
`;
}

function describe({ name, unit, begin, end }: Growth): string {
  return `${name}: ${round(begin)} ${unit} at the begin and ${round(end)} ${unit} at the end.`.replaceAll('  ', ' ');
}

function panel(samples: readonly Sample[], { name, unit }: Growth): string {
  const all = valuesOf(samples, name);
  const size = Math.max(1, Math.ceil(all.length / POINTS));
  const points = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => {
    const block = all.slice(index * size, (index + 1) * size);
    return block.reduce((sum, { value }) => sum + value, 0) / block.length;
  });
  const highest = Math.max(...points, 1);
  const place = (value: number, index: number) => {
    const x = (index / Math.max(1, points.length - 1)) * WIDTH;
    return `${x.toFixed(1)},${(HEIGHT - (value / highest) * (HEIGHT - TITLE)).toFixed(1)}`;
  };
  return [
    `<text y="12">${name}</text>`,
    `<text class="value" x="${WIDTH}" y="12" text-anchor="end">${`max ${round(highest)} ${unit}`.trim()}</text>`,
    `<path class="axis" d="M0 ${HEIGHT}h${WIDTH}"/>`,
    `<polyline class="line" points="${points.map(place).join(' ')}"/>`,
  ].join('');
}
