/**
 * How glibc's allocator is to work in a child, as environment variables (mallopt(3)); others ignore them. By default it gives the
 * memory of each picture back to the system, and fetching it again for the next one, page by page, costs up to a quarter of the
 * whole.
 */
export const allocator = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024 * 1024),
} as const;
