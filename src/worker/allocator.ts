/**
 * Settings of glibc's allocator for child processes, as environment variables (mallopt(3)). Other allocators ignore them. By default
 * glibc returns the memory of each image to the operating system. Getting it back page by page for the next image takes up to a quarter
 * of the processing time.
 */
export const allocator = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(128 * 1024 * 1024),
} as const;
