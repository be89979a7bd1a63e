/**
 * Most children of one worker process. Its one thread takes 1.4 ms of CPU for each image, and an image takes 20 ms or more of a child's
 * core.
 */
export const MAX_CHILDREN = 16;

/** Splits the images that a host processes at the same time into nearly equal shares, one for each worker process. */
export function splitConcurrency(concurrency: number): number[] {
  const processes = Math.ceil(concurrency / MAX_CHILDREN);
  return Array.from({ length: processes }, (_, index) => Math.ceil((concurrency - index) / processes));
}
