import { round } from '../rows.ts';
import type { Figures } from './figures.ts';

const WIDTH = 760;
const [LABEL, BAR, ROW, HEAD] = [190, 470, 24, 34];

/** Its own background keeps the text readable on every page; browsers in dark mode get a dark one. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .page { fill: #ffffff; stroke: #d1d9e0 }
  .bar { fill: #8c959f }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .page { fill: #0d1117; stroke: #3d444d }
    .bar { fill: #7d8590 }
    .ours { fill: #4493f8 }
  }`;

interface Bars {
  title: string;
  values: { name: string; value: number }[];
}

/** Creates one group of bars and returns it with the y coordinate below it. */
function drawBars({ title, values }: Bars, top: number): [svg: string, bottom: number] {
  const longest = Math.max(1, ...values.map(({ value }) => value));
  const rows = values.map(({ name, value }, at) => {
    const y = top + HEAD + at * ROW;
    const width = (value / longest) * BAR;
    const kind = name.startsWith('this service') ? 'bar ours' : 'bar';
    return [
      `<text x="${LABEL - 8}" y="${y + 13}" text-anchor="end">${name}</text>`,
      `<rect class="${kind}" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="16" rx="2"/>`,
      `<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 13}">${round(value)}</text>`,
    ].join('\n');
  });
  const head = `<text class="title" x="16" y="${top + 20}">${title}</text>`;
  return [[head, ...rows].join('\n'), top + HEAD + values.length * ROW + 8];
}

function groupsOf(figures: readonly Figures[]): Bars[] {
  const receivers = figures.filter(({ acknowledges }) => acknowledges);
  return [
    {
      title: 'Images a second, mixed images (more is better)',
      values: figures.map(({ name, load }) => ({ name, value: load.mixed.imagesPerSecond })),
    },
    {
      title: 'p99 of the response to an upload of ten mixed images, under load, ms (less is better)',
      values: receivers.map(({ name, load }) => ({ name, value: load.mixed.responseMs.p99 })),
    },
    {
      title: 'Acknowledged images lost after kill -9 of all processes (less is better)',
      values: receivers.map(({ name, killed, killedWithRedis }) => ({
        name,
        value: (killedWithRedis ?? killed)?.lost ?? 0,
      })),
    },
  ];
}

/** Describes the chart in a sentence for each group of bars. */
export function describeChart(figures: readonly Figures[]): string {
  const sentences = groupsOf(figures).map(
    ({ title, values }) => `${title}: ${values.map(({ name, value }) => `${name} ${round(value)}`).join(', ')}.`,
  );
  return sentences.join(' ');
}

/** Draws the figures as an SVG with a text alternative. */
export function drawChart(figures: readonly Figures[]): string {
  let bottom = 6;
  const groups = groupsOf(figures).map((bars) => {
    const [svg, below] = drawBars(bars, bottom);
    bottom = below;
    return svg;
  });
  const size = `viewBox="0 0 ${WIDTH} ${bottom}" width="${WIDTH}" height="${bottom}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title description">
<title id="title">This service compared with other ways to process images</title>
<desc id="description">${describeChart(figures)}</desc>
<style>${STYLE}
</style>
<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${bottom - 1}" rx="6"/>
${groups.join('\n')}
</svg>
`;
}
