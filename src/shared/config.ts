import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { config as readDotenv } from 'dotenv';
import { z } from 'zod';

/** Folder that holds package.json: the same from `src/shared` and from `dist/shared`. */
export const projectRoot = resolve(import.meta.dirname, '../..');

/** The image formats that an operator can accept, by the names used in `ACCEPTED_FORMATS`. */
export const formatNames = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const;
/** One of {@link formatNames}. */
export type FormatName = (typeof formatNames)[number];

const MEBIBYTE = 1024 * 1024;

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

const folder = z.string().transform((path) => resolve(projectRoot, path));

const formatList = z
  .string()
  .transform((list) => list.split(',').map((name) => name.trim().toLowerCase()))
  .pipe(
    z.array(z.enum(formatNames, { error: `must be a comma-separated list of ${formatNames.join(', ')}` })).nonempty(),
  );

/**
 * Every setting of the service: name, meaning with unit, and default, all in the text form of an environment variable.
 * `.env.example` and the table in README.md are tested against this list.
 */
const settings = z.object({
  HOST: z.string().default('127.0.0.1').describe('address the API listens on; `0.0.0.0` lets other machines in'),
  PORT: wholeNumber(0, 65_535).prefault('3000').describe('port the API listens on'),
  REDIS_HOST: z.string().default('localhost').describe('Redis server host'),
  REDIS_PORT: wholeNumber(1, 65_535).prefault('6379').describe('Redis server port'),
  REDIS_PASSWORD: z.string().optional().describe('Redis auth password'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must look like redis://user:password@host:6379/0 or rediss://…' })
    .optional()
    .describe('whole Redis address, in place of the three above; `rediss://` for TLS'),
  QUEUE_PREFIX: z
    .string()
    .regex(
      /\{.+\}/,
      'must contain a hash tag in braces, such as {images}, so that Redis Cluster keeps the keys together',
    )
    .default('{images}')
    .describe('first part of every Redis key; its hash tag keeps the keys on one Redis Cluster node'),
  UPLOAD_DIR: folder.prefault('uploads').describe('folder of the originals, relative to the project'),
  PROCESSED_DIR: folder.prefault('processed').describe('folder of the results, relative to the project'),
  MAX_FILES: wholeNumber(1, 100).prefault('10').describe('files in one upload, at most'),
  MAX_FILE_BYTES: wholeNumber(1, 1024 * MEBIBYTE)
    .prefault(String(5 * MEBIBYTE))
    .describe('bytes of one file, at most'),
  ACCEPTED_FORMATS: formatList
    .prefault('jpeg,png,webp,gif,avif')
    .describe('image formats taken in, comma-separated; `tiff` can be added'),
  MAX_MEGAPIXELS: wholeNumber(1, 1000)
    .prefault('50')
    .describe('millions of pixels of one image, at most; read from its header before decoding'),
  PRESETS_FILE: z
    .string()
    .transform((path) => resolve(projectRoot, path))
    .optional()
    .describe('JSON file of named option sets, as in `{"avatar": {"width": 128, "height": 128}}`'),
  PRESETS_ONLY: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('`true`: an upload may name a preset and set nothing else'),
  WORKER_CONCURRENCY: wholeNumber(1, 256)
    .prefault(String(Math.max(1, availableParallelism() - 1)))
    .describe('images processed at the same time by one worker; unset: CPU cores minus one'),
  JOB_TIMEOUT_SECONDS: wholeNumber(1, 3600)
    .prefault('30')
    .describe('seconds that one image may take before its process is ended'),
  JOB_MEMORY_MB: wholeNumber(128, 65_536)
    .prefault('1024')
    .describe('mebibytes that the process of one image may hold before it is ended'),
  SHUTDOWN_SECONDS: wholeNumber(1, 600)
    .prefault('8')
    .describe('seconds that running requests and images may take to end after SIGTERM'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .default('info')
    .describe('least severe log line to write'),
});

/** What each setting means, by variable name: the source of the documentation's tests. */
export const settingDescriptions: Record<string, string> = Object.fromEntries(
  Object.entries(settings.shape).map(([name, schema]) => [name, schema.description ?? '']),
);

/** Raised when the environment does not describe a service that can run; the message lists every fault by name. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the configuration from the environment and, for what is not set there, from the project's `.env`.
 * An empty value stands for the default, also where `.env` has another. The result is frozen.
 *
 * @param environment variables by name; the process's own unless a test gives others
 * @throws {ConfigError} with every fault at once, by variable name
 */
export function loadConfig(environment: Record<string, string | undefined> = process.env) {
  const fromFile: Record<string, string> = {};
  readDotenv({ path: resolve(projectRoot, '.env'), processEnv: fromFile, quiet: true });
  const given = Object.fromEntries(
    Object.entries({ ...fromFile, ...environment }).filter(([name, value]) => name in settings.shape && value !== ''),
  );

  const { data: env, error } = settings.safeParse(given);
  if (error) {
    const faults = error.issues.map(({ path: [name = ''], message }) => {
      const value =
        String(name).includes('PASSWORD') || String(name).includes('URL') ? '' : `, not "${given[String(name)]}"`;
      return `  ${String(name)} ${message}${value}`;
    });
    throw new ConfigError(
      `The configuration cannot be used. Correct these in the environment or in .env:\n${faults.join('\n')}`,
    );
  }

  return Object.freeze({
    host: env.HOST,
    port: env.PORT,
    redis: Object.freeze({
      host: env.REDIS_HOST,
      port: env.REDIS_PORT,
      password: env.REDIS_PASSWORD,
      url: env.REDIS_URL,
      /** Whether the operator named a Redis, or the defaults did. */
      isNamed: ['REDIS_HOST', 'REDIS_PORT', 'REDIS_PASSWORD', 'REDIS_URL'].some((name) => name in given),
    }),
    queuePrefix: env.QUEUE_PREFIX,
    uploadDir: env.UPLOAD_DIR,
    processedDir: env.PROCESSED_DIR,
    maxFiles: env.MAX_FILES,
    maxFileBytes: env.MAX_FILE_BYTES,
    acceptedFormats: Object.freeze(env.ACCEPTED_FORMATS),
    presetsFile: env.PRESETS_FILE,
    presetsOnly: env.PRESETS_ONLY === 'true',
    maxPixels: env.MAX_MEGAPIXELS * 1_000_000,
    workerConcurrency: env.WORKER_CONCURRENCY,
    jobTimeoutMs: env.JOB_TIMEOUT_SECONDS * 1000,
    jobMemoryBytes: env.JOB_MEMORY_MB * MEBIBYTE,
    shutdownMs: env.SHUTDOWN_SECONDS * 1000,
    logLevel: env.LOG_LEVEL,
    /** The environment for child processes: theirs is this configuration, whatever becomes of `.env` meanwhile. */
    environment: Object.freeze({ ...process.env, ...given }),
  });
}

/**
 * Reads the presets as they stand in their file; what they mean is not known here.
 *
 * @param path of the file; without one there are none
 * @throws {ConfigError} when it cannot be read as JSON
 */
export function readPresets(path: string | undefined): unknown {
  if (path === undefined) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`PRESETS_FILE cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** The whole configuration, as {@link loadConfig} returns it. */
export type Config = ReturnType<typeof loadConfig>;
/** Where Redis is. */
export type RedisConfig = Config['redis'];
