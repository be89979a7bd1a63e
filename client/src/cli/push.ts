import { mkdir } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { Http } from '../http.ts';
import { openJournal } from './journal.ts';
import { createOutputNames, variantNames } from './output-names.ts';
import { createProgress } from './progress.ts';
import type { Outcome, PushOptions } from './push-options.ts';
import { PushRun } from './push-run.ts';
import { listSourceFiles } from './source-files.ts';

/** Name of the journal in the output folder. */
const JOURNAL = '.async-images.jsonl';
/** How often batches that were deleted meanwhile are sent again. */
const MAX_PASSES = 3;

/** Processes files and saves their results. Continues where an earlier run with the same output folder has stopped. */
export async function push(http: Http, options: PushOptions): Promise<Outcome[]> {
  const outFolder = resolve(options.out);
  const files = await listSourceFiles(options.paths, { ...options, outFolder });
  const inside = files.find(({ path }) => path.startsWith(outFolder + sep));
  if (inside) {
    throw new Error(
      `The output folder contains the image ${inside.path}, which a result could overwrite. Choose another folder for --out.`,
    );
  }
  await mkdir(outFolder, { recursive: true });
  const journal = await openJournal(join(outFolder, JOURNAL));
  const names = createOutputNames(journal.targets(), variantNames(options.service.variants));
  const progress = createProgress(files.length, options.showsProgress);
  const run = new PushRun(http, options, { outFolder, journal, names, progress });
  try {
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const left = await run.pass(files.filter((file) => !run.hasEnded(file)));
      if (left === 0) return run.outcomes;
    }
    throw new Error('The service deletes batches before their results can be downloaded. Check RETENTION_HOURS.');
  } finally {
    progress.stop();
    await journal.close();
  }
}
