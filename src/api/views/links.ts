import { imageJobId } from '../../queue/names.ts';
import { resultUrl } from '../../shared/batch-links.ts';

export { batchLinks, resultUrl } from '../../shared/batch-links.ts';

/** Addresses that belong to a file's job. */
export function jobLinks(batchId: string, index: number) {
  const self = `/jobs/${imageJobId(batchId, index)}`;
  return { self, batch: `/batches/${batchId}`, result: resultUrl(self), original: `${self}/original` };
}
