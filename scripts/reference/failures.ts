import { failureCodes } from '../../src/shared/failures.ts';
import { page, table } from './markdown.ts';

/** Builds the page of failure codes. */
export function failuresPage(): string {
  return page(
    'Failure codes',
    'A file that failed has `failure: { code, message }` in its status, in each event and in the manifest of the archive.\n' +
      '`message` is for people, and equals `failedReason`. `code` is for programs: a released code never changes its meaning,\n' +
      'and later versions may add others.',
    table(['Code', 'Meaning'], Object.entries(failureCodes)),
  );
}
