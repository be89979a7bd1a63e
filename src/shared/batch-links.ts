import { z } from 'zod';

/** Schema of an address below the service. */
export const localUrl = z.string().meta({ description: 'Address below this service' });

/** Schema of {@link batchLinks}. */
export const batchLinksSchema = z
  .object({ self: localUrl, events: localUrl, archive: localUrl })
  .meta({ id: 'BatchLinks' });

/** Addresses that belong to a batch, below the service. The API serves them, and webhooks name them. */
export function batchLinks(batchId: string) {
  const self = `/batches/${batchId}`;
  return { self, events: `${self}/events`, archive: `${self}/archive` };
}

/** Returns where a result is: the only one of its job, or the one of that name. */
export function resultUrl(jobUrl: string, variant?: string): string {
  return `${jobUrl}/result${variant === undefined ? '' : `?variant=${encodeURIComponent(variant)}`}`;
}
