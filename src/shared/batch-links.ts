/** Addresses that belong to a batch, below the service. The API serves them, and webhooks name them. */
export function batchLinks(batchId: string) {
  const self = `/batches/${batchId}`;
  return { self, events: `${self}/events`, archive: `${self}/archive` };
}
