/** The series of a soak test and what bounds each of them. */
export const series = {
  'API, descriptors': { unit: '', perHour: 4 },
  'worker, descriptors': { unit: '', perHour: 4 },
  'oldest child, descriptors': { unit: '', perHour: 2 },
  'Redis, descriptors': { unit: '', perHour: 4 },
  'API, timers and handles': { unit: '', perHour: 4 },
  'worker, timers and handles': { unit: '', perHour: 4 },
  'API, memory': { unit: 'MiB', ratio: 1.15 },
  'API, JavaScript heap': { unit: 'MiB', ratio: 1.15 },
  'worker, memory': { unit: 'MiB', ratio: 1.15 },
  'worker, JavaScript heap': { unit: 'MiB', ratio: 1.15 },
  'oldest child, memory': { unit: 'MiB', ratio: 1.15 },
  'Redis, memory': { unit: 'MiB', ratio: 1.15 },
  'Redis, keys': { unit: '', share: 0.1 },
  'Redis, entries of lists': { unit: '', share: 0.1 },
  'originals, entries': { unit: '', share: 0.1 },
  'results, files': { unit: '', share: 0.1 },
  'jobs, unfinished': { unit: '', share: 0.1 },
  'jobs, ended': { unit: '', share: 0.1 },
} as const satisfies Record<string, Bound & { unit: string }>;

/**
 * The bound of a series: the growth per hour, the growth per hour as a share of its level, or the ratio of its medians. Garbage collectors and
 * allocators make memory rise in steps, so that no line fits it.
 */
export type Bound = { perHour: number } | { share: number } | { ratio: number };

export type SeriesName = keyof typeof series;
export const seriesNames = Object.keys(series) as SeriesName[];
