import { appendFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';

/** Whether faults are injected at the size that docs/reliability.md tells of, which takes minutes each. */
const isFull = process.env.FAULTS === 'full';
/** Where to note what was measured, one JSON object a line; see `scripts/faults.ts`. */
const report = process.env.FAULTS_REPORT;

/** How large a fault is: the first in `npm test`, the second in `npm run test:faults -- --full`. */
export function sized<T>(quick: T, full: T): T {
  return isFull ? full : quick;
}

/** One row of docs/reliability.md. */
export interface FaultRow {
  /** Name of the test's file without its ending, which is also how to run it alone. */
  test: string;
  fault: string;
  promise: string;
  measured: string;
}

/**
 * A test that injects one fault into the real service, and the row of docs/reliability.md that it stands for.
 *
 * @param fault what is done to the service, at its full size
 * @param promise what must hold
 * @param inject does it, checks what must hold, and returns in a few words what was measured
 * @param limitMs milliseconds that the test may take at its full size
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
    sized(180_000, limitMs),
  );
}
