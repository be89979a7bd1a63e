import { imageJobId } from '../../queue/names.ts';

export { batchLinks } from '../../shared/batch-links.ts';

/** Addresses that belong to a file's job. */
export function jobLinks(batchId: string, index: number) {
  const self = `/jobs/${imageJobId(batchId, index)}`;
  return { self, batch: `/batches/${batchId}`, result: resultUrl(self), original: `${self}/original` };
}

/** Where a result is to be had: the only one of its job, or the one of that name. */
export function resultUrl(jobUrl: string, variant?: string): string {
  return `${jobUrl}/result${variant === undefined ? '' : `?variant=${encodeURIComponent(variant)}`}`;
}
