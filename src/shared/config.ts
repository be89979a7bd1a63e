import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { config as readDotenv } from 'dotenv';
import type { z } from 'zod';
import { projectRoot } from './setting-types.ts';
import { settings } from './settings.ts';

const MEBIBYTE = 1024 * 1024;

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
      const isSecret = /PASSWORD|URL|KEY|TOKEN/.test(String(name));
      const value = isSecret ? '' : `, not "${given[String(name)]}"`;
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
      username: env.REDIS_USERNAME,
      url: env.REDIS_URL,
      isTls: env.REDIS_TLS === 'true',
      sentinels: Object.freeze(env.REDIS_SENTINELS ?? []),
      sentinelName: env.REDIS_SENTINEL_NAME,
      sentinelPassword: env.REDIS_SENTINEL_PASSWORD,
      cluster: Object.freeze(env.REDIS_CLUSTER ?? []),
      waitReplicas: env.REDIS_WAIT_REPLICAS,
      /** Whether the operator named a Redis, or the defaults did. */
      isNamed: Object.keys(given).some((name) => name.startsWith('REDIS_')),
    }),
    apiKeys: Object.freeze(env.API_KEYS ?? []),
    adminPassword: env.ADMIN_PASSWORD,
    rateLimits: Object.freeze({ requests: env.RATE_LIMIT_REQUESTS, uploads: env.RATE_LIMIT_UPLOADS }),
    maxHeldRequests: env.MAX_HELD_REQUESTS,
    trustedProxies: env.TRUST_PROXY,
    corsOrigins: Object.freeze(env.CORS_ORIGINS ?? []),
    requestTimeoutMs: env.REQUEST_TIMEOUT_SECONDS * 1000,
    queuePrefix: env.QUEUE_PREFIX,
    uploadDir: env.UPLOAD_DIR,
    processedDir: env.PROCESSED_DIR,
    s3:
      env.STORAGE_URL &&
      Object.freeze({
        ...env.STORAGE_URL,
        redirects: env.STORAGE_REDIRECT === 'true',
        endpoint: env.AWS_ENDPOINT_URL_S3,
        region: env.AWS_REGION,
        credentials: credentialsOf(env),
      }),
    maxFiles: env.MAX_FILES,
    maxFileBytes: env.MAX_FILE_BYTES,
    maxBacklog: env.MAX_BACKLOG,
    minFreeDiskBytes: env.MIN_FREE_DISK,
    retentionMs: env.RETENTION_HOURS,
    acceptedFormats: Object.freeze(env.ACCEPTED_FORMATS),
    presetsFile: env.PRESETS_FILE,
    presetsOnly: env.PRESETS_ONLY === 'true',
    maxPixels: env.MAX_MEGAPIXELS * 1_000_000,
    workerPort: env.WORKER_PORT,
    workerConcurrency: env.WORKER_CONCURRENCY ?? Math.max(1, availableParallelism() - 1),
    jobTimeoutMs: env.JOB_TIMEOUT_SECONDS * 1000,
    jobMemoryBytes: env.JOB_MEMORY_MB * MEBIBYTE,
    shutdownMs: env.SHUTDOWN_SECONDS * 1000,
    logLevel: env.LOG_LEVEL,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    /** The environment for child processes: theirs is this configuration, whatever becomes of `.env` meanwhile. */
    environment: Object.freeze({ ...process.env, ...given }),
  });
}

/** The key for a bucket that was given whole; without one the SDK looks for one itself. */
function credentialsOf(env: z.infer<typeof settings>) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  // Not frozen: the SDK notes in it where it comes from.
  return { accessKeyId, secretAccessKey, ...(token !== undefined && { sessionToken: token }) };
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
/** Which bucket files are kept in. */
export type S3Config = NonNullable<Config['s3']>;
/** Where Redis is. */
export type RedisConfig = Config['redis'];
