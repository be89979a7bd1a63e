import { apiPage } from './api.ts';
import { configurationPage, environmentExample } from './configuration.ts';
import { failuresPage } from './failures.ts';
import { optionsPage } from './options.ts';

/** The folder whose files are all written by `npm run docs`. */
export const REFERENCE_FOLDER = 'docs/reference';

/** Builds the content of every file that `npm run docs` writes, by path in the project. */
export function referenceFiles(): Record<string, string> {
  return {
    '.env.example': environmentExample(),
    [`${REFERENCE_FOLDER}/configuration.md`]: configurationPage(),
    [`${REFERENCE_FOLDER}/options.md`]: optionsPage(),
    [`${REFERENCE_FOLDER}/api.md`]: apiPage(),
    [`${REFERENCE_FOLDER}/failures.md`]: failuresPage(),
  };
}
