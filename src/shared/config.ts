import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { config as readDotenv } from 'dotenv';
import type { z } from 'zod';
import { projectRoot } from './setting-types.ts';
import { settings } from './settings.ts';

const MEBIBYTE = 1024 * 1024;
/** Cores for each API process. They also run the worker, its children and Redis: one API process feeds 8 to 10 of them. */
const CORES_PER_API_PROCESS = 8;

/** Thrown if the configuration is invalid. The message is for the operator and lists every invalid setting. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the configuration from the environment. Settings that are missing there are read from the `.env` of the project. An empty
 * value in the environment means the default, even if `.env` has a value. The result is frozen.
 *
 * @param environment variables by name; tests pass their own
 * @throws {ConfigError} with all invalid settings at once, by variable name
 */
export function loadConfig(environment: Record<string, string | undefined> = process.env) {
  const fromFile: Record<string, string> = {};
  readDotenv({ path: resolve(projectRoot, '.env'), processEnv: fromFile, quiet: true });
  const given = Object.fromEntries(
    Object.entries({ ...fromFile, ...environment }).filter(([name, value]) => name in settings.shape && value !== ''),
  );

  const { data: env, error } = settings.safeParse(given);
  if (error) {
    const errors = error.issues.map(({ path: [name = ''], message }) => {
      const isSecret = /PASSWORD|URL|KEY|TOKEN|SECRET/.test(String(name));
      const value = isSecret ? '' : `, not "${given[String(name)]}"`;
      return `  ${String(name)} ${message}${value}`;
    });
    throw new ConfigError(
      `The configuration is invalid. Fix these settings in the environment or in .env:\n${errors.join('\n')}`,
    );
  }

  return Object.freeze({
    host: env.HOST,
    port: env.PORT,
    apiProcesses: env.API_PROCESSES ?? Math.ceil(availableParallelism() / CORES_PER_API_PROCESS),
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
      timeoutMs: env.REDIS_TIMEOUT_MS,
      /** Whether the operator configured a Redis; otherwise the defaults apply. */
      isNamed: Object.keys(given).some((name) => name.startsWith('REDIS_') && name !== 'REDIS_TIMEOUT_MS'),
    }),
    apiKeys: Object.freeze(env.API_KEYS ?? []),
    adminPassword: env.ADMIN_PASSWORD,
    rateLimits: Object.freeze({ requests: env.RATE_LIMIT_REQUESTS, uploads: env.RATE_LIMIT_UPLOADS }),
    maxHeldRequests: env.MAX_HELD_REQUESTS,
    trustedProxies: env.TRUST_PROXY,
    corsOrigins: Object.freeze(env.CORS_ORIGINS ?? []),
    links: Object.freeze({
      secrets: Object.freeze(env.LINK_SECRET ?? []),
      publicUrl: env.PUBLIC_URL,
      retentionMs: env.RETENTION_HOURS,
    }),
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
    reusesResults: env.REUSE_RESULTS === 'true',
    acceptedFormats: Object.freeze(env.ACCEPTED_FORMATS),
    presetsFile: env.PRESETS_FILE,
    presetsOnly: env.PRESETS_ONLY === 'true',
    watermarksFile: env.WATERMARKS_FILE,
    maxPixels: env.MAX_MEGAPIXELS * 1_000_000,
    maxFrames: env.MAX_FRAMES,
    webhooks: Object.freeze({
      url: env.WEBHOOK_URL,
      secrets: Object.freeze(env.WEBHOOK_SECRETS ?? []),
      allowsHttp: env.WEBHOOK_ALLOW_HTTP === 'true',
      retryDelaysMs: Object.freeze(env.WEBHOOK_RETRY_DELAYS),
      allowedRanges: Object.freeze(env.NETWORK_ALLOW ?? []),
    }),
    imports: Object.freeze({
      hosts: Object.freeze(env.IMPORT_HOSTS ?? []),
      timeoutMs: env.IMPORT_TIMEOUT_SECONDS * 1000,
      allowedRanges: Object.freeze(env.NETWORK_ALLOW ?? []),
    }),
    workerPort: env.WORKER_PORT,
    workerConcurrency: env.WORKER_CONCURRENCY ?? Math.max(1, availableParallelism() - 1),
    jobTimeoutMs: env.JOB_TIMEOUT_SECONDS * 1000,
    jobMemoryBytes: env.JOB_MEMORY_MB * MEBIBYTE,
    shutdownMs: env.SHUTDOWN_SECONDS * 1000,
    logLevel: env.LOG_LEVEL,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    /** The environment for child processes. It contains this configuration, so later changes of `.env` do not affect them. */
    environment: Object.freeze({ ...process.env, ...given }),
  });
}

/** Returns the S3 credentials, if both parts are configured. Otherwise the SDK looks for credentials itself. */
function credentialsOf(env: z.infer<typeof settings>) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: token } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  // Not frozen, since the SDK writes the source of the credentials into this object.
  return { accessKeyId, secretAccessKey, ...(token !== undefined && { sessionToken: token }) };
}

/**
 * Reads a JSON file that a setting names. Does not validate it.
 *
 * @param setting name of the setting, for errors
 * @throws {ConfigError} if the file cannot be read or is not JSON
 */
export function readJsonFile(setting: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`${setting} cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** The whole configuration, as {@link loadConfig} returns it. */
export type Config = ReturnType<typeof loadConfig>;
/** The configuration of webhooks. */
export type WebhookConfig = Config['webhooks'];
/** The configuration of imports by URL. */
export type ImportConfig = Config['imports'];
/** The configuration of signed links. */
export type LinkConfig = Config['links'];
/** The configuration of the S3 storage. */
export type S3Config = NonNullable<Config['s3']>;
/** The configuration of the connection to Redis. */
export type RedisConfig = Config['redis'];
