import type { Row } from '../measure.ts';
import { markdownTable, round } from '../rows.ts';
import type { Figures } from './figures.ts';
import type { LoadFigures } from './load.ts';
import type { Loss } from './loss.ts';

const pair = ({ p50, p99 }: { p50: number; p99: number }) => `${round(p50)} / ${round(p99)}`;

/** Describes what a server lost, or what a loop left behind. */
function describeLoss(loss: Loss | undefined): string {
  if (!loss) return '–';
  const { images, acknowledged, lost, missing, truncated } = loss;
  if (missing !== undefined) return `${missing} of ${images} missing, ${truncated} truncated`;
  return `${lost} of ${acknowledged} lost, ${images - acknowledged} without a response`;
}

type Line = [what: string, cell: (figures: Figures) => string];

const load = (kind: keyof Figures['load'], cell: (figures: LoadFigures, all: Figures) => string) => (all: Figures) =>
  cell(all.load[kind], all);
const responds = ({ acknowledges }: Figures, text: string) => (acknowledges ? text : '–');
const serves = ({ isServer }: Figures, text: string) => (isServer ? text : '–');

const lines: Line[] = [
  ['images a second, mixed images', load('mixed', ({ imagesPerSecond }) => round(imagesPerSecond))],
  ['images a second, JPEG of 0.8 MB', load('large', ({ imagesPerSecond }) => round(imagesPerSecond))],
  ['CPU of an image, mixed images, ms', load('mixed', ({ cpuMsPerImage }) => round(cpuMsPerImage))],
  ['CPU of an image, JPEG of 0.8 MB, ms', load('large', ({ cpuMsPerImage }) => round(cpuMsPerImage))],
  ['response to an upload, alone, p50 / p99, ms', (all) => responds(all, pair(all.alone.responseMs))],
  ['the same under load, mixed images', load('mixed', ({ responseMs }, all) => responds(all, pair(responseMs)))],
  ['the same under load, JPEG of 0.8 MB', load('large', ({ responseMs }, all) => responds(all, pair(responseMs)))],
  ['image fetched, alone, p50 / p99, ms', (all) => pair(all.alone.fetchedMs)],
  ['the same under load, mixed images', load('mixed', ({ fetchedMs }, all) => serves(all, pair(fetchedMs)))],
  ['the same under load, JPEG of 0.8 MB', load('large', ({ fetchedMs }, all) => serves(all, pair(fetchedMs)))],
  ['peak memory, MiB', ({ load: { mixed, large } }) => round(Math.max(mixed.peakMemoryMiB, large.peakMemoryMiB))],
  ['written for a JPEG of 0.8 MB, kB', load('large', ({ bytesWrittenPerImage }) => round(bytesWrittenPerImage / 1000))],
  ['fsyncs for a JPEG of 0.8 MB', ({ fsyncsPerImage }) => (fsyncsPerImage === undefined ? '–' : round(fsyncsPerImage))],
  ['killed (`kill -9`)', ({ killed }) => describeLoss(killed)],
  ['killed together with Redis', ({ killedWithRedis }) => describeLoss(killedWithRedis)],
];

/** Formats the figures as a table with a column for each peer. */
export function figuresTable(figures: readonly Figures[]): string {
  const rows = lines.map(([what, cell]) => [what, ...figures.map(cell)]);
  return markdownTable(['', ...figures.map(({ name }) => name)], rows);
}

/** Formats the ratios of the targets as a table with a column for each run. */
export function ratiosTable(runs: readonly Figures[][]): string {
  const each = runs.map(targets);
  const rows = (each[0] ?? []).map(({ what }, at) => [what, ...each.map((run) => round(run[at]?.ratio))]);
  return markdownTable(['ratio', ...runs.map((_, at) => `run ${at + 1}`)], rows);
}

const kinds = { mixed: 'mixed images', large: 'JPEG of 0.8 MB' } as const;
const kindNames = Object.entries(kinds) as [keyof typeof kinds, string][];

/** A target of the service compared with one server, and the measured reason if it is missed. */
export interface Target extends Row {
  reason: string;
}

/** Compares the service with the servers that also receive uploads. */
export function targets(figures: readonly Figures[]): Target[] {
  const named = (name: string) => figures.find((each) => each.name === name);
  const [ours, allCores] = figures;
  const [asynchronous, synchronous] = [named('asynchronous server'), named('synchronous server')];
  if (!ours || !allCores || !asynchronous || !synchronous) return [];
  return [
    ...[asynchronous, synchronous].flatMap((server) => rates(ours, allCores, server)),
    ...kindNames.map(([kind, what]) => slowestResponse(ours, synchronous, kind, what)),
    ...[asynchronous, synchronous].map((server) => losses(ours, server)),
  ];
}

function rates(ours: Figures, allCores: Figures, server: Figures): Target[] {
  return kindNames.map(([kind, what]) => {
    const [our, all, their] = [ours.load[kind], allCores.load[kind], server.load[kind]];
    return {
      what: `${what}, ${server.name}`,
      ...compare('images/s', our.imagesPerSecond, their.imagesPerSecond),
      atLeast: kind === 'mixed' ? 1.2 : 1,
      reason:
        `an image takes ${round(our.cpuMsPerImage)} ms of CPU against ${round(their.cpuMsPerImage)}, and by default the worker leaves ` +
        `one core to the API. With all cores the ratio is ${round(all.imagesPerSecond / their.imagesPerSecond)}.`,
    };
  });
}

function slowestResponse(ours: Figures, server: Figures, kind: keyof typeof kinds, what: string): Target {
  const [our, their] = [ours.load[kind].responseMs, server.load[kind].responseMs];
  return {
    what: `p99 of the response, ${what}, ${server.name}`,
    ...compare('ms', our.p99, their.p99),
    atMost: 0.25,
    reason:
      `half of the uploads of ten images take ${round(our.p50)} ms or more under load, when the API shares the cores with the ` +
      'images and the clients.',
  };
}

/** The service must lose nothing, and the other server must lose something. */
function losses(ours: Figures, server: Figures): Target {
  const lost = ({ killed, killedWithRedis }: Figures) => (killed?.lost ?? 0) + (killedWithRedis?.lost ?? 0);
  const { images = 0, acknowledged = 0 } = server.killed ?? {};
  return {
    what: `acknowledged images lost, ${server.name}`,
    ...compare('', lost(ours), lost(server)),
    atMost: 0,
    reason:
      `the service lost ${lost(ours)} and the ${server.name} ${lost(server)}, which had responded to ${acknowledged} of ${images} ` +
      'images. The clients of the others have to send them again.',
  };
}

function compare(unit: string, ours: number, theirs: number): Pick<Row, 'unit' | 'ours' | 'theirs' | 'ratio'> {
  return { unit, ours, theirs, ...(theirs > 0 ? { ratio: ours / theirs } : {}) };
}
