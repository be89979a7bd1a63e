import { parseArgs } from 'node:util';
import { detectFormat, SIGNATURE_BYTES } from '../src/imaging/formats.ts';
import { formatNames } from '../src/shared/setting-types.ts';
import { settings } from '../src/shared/settings.ts';
import type { Outcome } from '../src/worker/outcome.ts';
import { seeded } from '../tests/support/random.ts';
import { type HostileFile, hostileFiles } from './fuzz/corpus.ts';
import { createMeasuredChild, type Measured } from './fuzz/measured-child.ts';
import { randomOutputs } from './fuzz/random-options.ts';

// Processes hostile files with random valid options, in child processes with the default limits. Fails if a child crashes or exceeds a
// limit, or if a file fails with INTERNAL.
// Usage: npx tsx scripts/fuzz-options.ts [--files 5000] [--seed 1] [--children 2]

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    children: { type: 'string', default: '2' },
  },
});
const count = Number(values.files);
/** The default of `JOB_TIMEOUT_SECONDS`. CPU time is compared with it, since other load on the machine does not change that. */
const TIME_LIMIT_SECONDS = Number(settings.shape.JOB_TIMEOUT_SECONDS.parse(undefined));
/** Files between two lines of progress. */
const REPORT_EVERY = 100;
/** Most expensive files to list. */
const LISTED = 8;

/** A processed file. */
interface Row extends Measured {
  number: number;
  kind: string;
  options: string;
}

const random = seeded(Number(values.seed));
const files = hostileFiles(count, random);
const rows: Row[] = [];
const outcomes = new Map<string, number>();
let [next, refused] = [0, 0];

/** Names an outcome, with its failure code if it has one. */
function nameOf(outcome: Outcome): string {
  return outcome.kind === 'failed' ? outcome.failure.code : outcome.kind === 'made' ? 'completed' : outcome.kind;
}

const isSlow = ({ cpuSeconds = 0 }: Row) => cpuSeconds > TIME_LIMIT_SECONDS;
const isBug = (row: Row) =>
  isSlow(row) ||
  (row.outcome.kind === 'failed' ? row.outcome.failure.code === 'INTERNAL' : row.outcome.kind !== 'made');

/** Takes one file after the other. The order of the files and their options depends on the seed only. */
let taken: Promise<unknown> = Promise.resolve();
async function take(): Promise<(HostileFile & ReturnType<typeof randomOutputs> & { number: number }) | undefined> {
  const mine = taken.then(async () => {
    const { value, done } = await files.next();
    return done ? undefined : { ...(value as HostileFile), ...randomOutputs(random), number: next++ };
  });
  taken = mine.catch(() => undefined);
  return mine;
}

async function processAll(): Promise<void> {
  const child = await createMeasuredChild();
  try {
    for (let file = await take(); file; file = await take()) {
      const { kind, content, given, outputs, number } = file;
      if (number % REPORT_EVERY === 0) console.error(`${number} of ${count}, ${rows.filter(isBug).length} bugs`);
      const format = await detectFormat(content.subarray(0, SIGNATURE_BYTES), formatNames);
      if (!format) {
        refused += 1;
        continue;
      }
      const row = { number, kind, options: JSON.stringify(given), ...(await child.run(content, format, outputs)) };
      rows.push(row);
      outcomes.set(nameOf(row.outcome), (outcomes.get(nameOf(row.outcome)) ?? 0) + 1);
      if (isBug(row)) console.error(describe(row));
    }
  } finally {
    child.close();
  }
}

function describe({ number, kind, outcome, cpuSeconds, peakMb, options }: Row): string {
  const cause =
    outcome.kind === 'failed' ? outcome.cause?.message : outcome.kind === 'crashed' ? outcome.how : undefined;
  const used = cpuSeconds === undefined ? '' : `, ${cpuSeconds.toFixed(1)} s, ${peakMb?.toFixed(0)} MiB`;
  return `#${number} ${kind}: ${nameOf(outcome)}${cause ? ` (${cause})` : ''}${used}\n  ${options}`;
}

function worst(by: 'cpuSeconds' | 'peakMb'): string {
  const sorted = rows.toSorted((one, other) => (other[by] ?? 0) - (one[by] ?? 0));
  return sorted.slice(0, LISTED).map(describe).join('\n');
}

await Promise.all(Array.from({ length: Number(values.children) }, processAll));
const bugs = rows.filter(isBug);
console.log(`\n${count} files, seed ${values.seed}: ${refused} refused at the upload`);
console.table(Object.fromEntries([...outcomes].sort(([, one], [, other]) => other - one)));
console.log(`Highest CPU time:\n${worst('cpuSeconds')}\n\nHighest memory:\n${worst('peakMb')}`);
console.log(`\nBugs: ${bugs.length}\n${bugs.map(describe).join('\n')}`);
process.exitCode = bugs.length > 0 ? 1 : 0;
