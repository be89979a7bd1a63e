import { appendFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';

/** Whether faults are injected at full size, as measured in docs/reliability.md. Each then takes minutes. */
const isFull = process.env.FAULTS === 'full';
/** File for the measurements, one JSON object per line. See `scripts/faults.ts`. */
const report = process.env.FAULTS_REPORT;

/** Chooses the size of a fault: the first in `npm test`, the second in `npm run test:faults -- --full`. */
export function sized<T>(quick: T, full: T): T {
  return isFull ? full : quick;
}

/**
 * Defines a fault test that runs only at full size. It measures time, takes long, or injects a fault that `chaos` injects too. See
 * {@link faultTest}.
 */
export const fullFaultTest: typeof faultTest = (fault, ...rest) => {
  if (isFull) faultTest(fault, ...rest);
  else test.skip(fault, () => {});
};

/** One row of docs/reliability.md. */
export interface FaultRow {
  /** Name of the test file without `.test.ts`. `npm run test:faults -- <name>` runs that file alone. */
  test: string;
  fault: string;
  promise: string;
  measured: string;
}

/**
 * Defines a test that injects one fault into the real service, and its row in docs/reliability.md. At full size it reports the
 * row. Otherwise it checks that the document contains it.
 *
 * @param fault the fault at full size; first column
 * @param promise the expected behaviour; second column
 * @param inject injects the fault, checks the promise, and returns the measurement as text; third column
 * @param limitMs timeout of the test at full size, in milliseconds
 */
export function faultTest(fault: string, promise: string, inject: () => Promise<string>, limitMs = 300_000): void {
  test(
    fault,
    async () => {
      const measured = await inject();
      const name = basename(expect.getState().testPath ?? '', '.test.ts');
      const row: FaultRow = { test: name, fault, promise, measured };
      if (report) appendFileSync(report, `${JSON.stringify(row)}\n`);
      else
        expect(readFileSync(join(projectRoot, 'docs/reliability.md'), 'utf8')).toContain(`| ${fault} | ${promise} |`);
    },
    sized(600_000, limitMs),
  );
}
