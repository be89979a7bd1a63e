import { z } from 'zod';
import {
  addressList,
  apiKeyList,
  bucketUrl,
  formatList,
  hours,
  originList,
  path,
  wholeNumber,
} from './setting-types.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * Every setting of the service: name, meaning with unit, and default, all in the text form of an environment variable.
 * `npm run docs` writes `.env.example` and `docs/reference/configuration.md` from this list.
 */
export const settings = z.object({
  HOST: z.string().default('127.0.0.1').describe('address the API listens on; `0.0.0.0` lets other machines in'),
  PORT: wholeNumber(0, 65_535).prefault('3000').describe('port the API listens on'),
  API_KEYS: apiKeyList
    .optional()
    .describe('clients that are let in, as `name:hash` of each key, comma-separated; `npm run api-key` makes one'),
  ADMIN_PASSWORD: z
    .string()
    .min(12, 'must have 12 characters or more')
    .optional()
    .describe('password of `/admin/queues`, where Bull Board shows the queues; empty: there is no such page'),
  RATE_LIMIT_REQUESTS: wholeNumber(0, 1_000_000)
    .prefault('0')
    .describe('requests that one client may make in a minute; `0`: no limit'),
  RATE_LIMIT_UPLOADS: wholeNumber(0, 1_000_000)
    .prefault('0')
    .describe('uploads that one client may send in a minute; `0`: no limit'),
  MAX_HELD_REQUESTS: wholeNumber(0, 1_000_000)
    .prefault('1000')
    .describe('event streams and waiting requests that one client may hold open at one API process; `0`: no limit'),
  TRUST_PROXY: wholeNumber(0, 32)
    .prefault('0')
    .describe('proxies in front of the API, whose `X-Forwarded-For` is believed'),
  CORS_ORIGINS: originList
    .optional()
    .describe('origins whose pages may call the API from a browser, comma-separated, or `*`; none when empty'),
  REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 3000)
    .prefault('300')
    .describe('seconds in which a request must have arrived whole'),
  REDIS_HOST: z.string().default('localhost').describe('Redis server host'),
  REDIS_PORT: wholeNumber(1, 65_535).prefault('6379').describe('Redis server port'),
  REDIS_PASSWORD: z.string().optional().describe('Redis auth password'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must look like redis://user:password@host:6379/0 or rediss://…' })
    .optional()
    .describe('whole Redis address, in place of the three above; `rediss://` for TLS'),
  REDIS_USERNAME: z.string().optional().describe('Redis user (ACL), where it is not the default one'),
  REDIS_TLS: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('`true`: TLS to Redis, sentinels and cluster; Node takes further authorities by `NODE_EXTRA_CA_CERTS`'),
  REDIS_SENTINELS: addressList
    .optional()
    .describe('sentinels that name the Redis to use, as `host:port`, comma-separated'),
  REDIS_SENTINEL_NAME: z.string().default('mymaster').describe('name under which the sentinels know it'),
  REDIS_SENTINEL_PASSWORD: z.string().optional().describe('password of the sentinels themselves'),
  REDIS_CLUSTER: addressList
    .optional()
    .describe('some nodes of the Redis Cluster to use, as `host:port`, comma-separated'),
  REDIS_WAIT_REPLICAS: wholeNumber(0, 10)
    .prefault('0')
    .describe('replicas that must have a batch before it is acknowledged, so that a fail-over cannot lose it'),
  QUEUE_PREFIX: z
    .string()
    .regex(
      /\{.+\}/,
      'must contain a hash tag in braces, such as {images}, so that Redis Cluster keeps the keys together',
    )
    .default('{images}')
    .describe('first part of every Redis key; its hash tag keeps the keys on one Redis Cluster node'),
  UPLOAD_DIR: path.prefault('uploads').describe('folder of the originals, relative to the project'),
  PROCESSED_DIR: path.prefault('processed').describe('folder of the results, relative to the project'),
  STORAGE_URL: bucketUrl
    .optional()
    .describe(
      'S3-compatible bucket in place of the two folders, as in `s3://bucket/prefix`, for more than one machine',
    ),
  STORAGE_REDIRECT: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      '`true`: files are fetched from the bucket itself, by a redirect to a signed address; `false`: through the API',
    ),
  AWS_ENDPOINT_URL_S3: z
    .url({ protocol: /^https?$/, error: 'must look like https://storage.example.com' })
    .optional()
    .describe("address of the bucket's server, where it is not AWS"),
  AWS_REGION: z.string().default('us-east-1').describe('region of the bucket'),
  AWS_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe('key for the bucket; without one, where the AWS SDK finds one, such as the role of the machine'),
  AWS_SECRET_ACCESS_KEY: z.string().optional().describe('its secret'),
  AWS_SESSION_TOKEN: z.string().optional().describe('its token, where it is one for a time'),
  MAX_FILES: wholeNumber(1, 100).prefault('10').describe('files in one upload, at most'),
  MAX_FILE_BYTES: wholeNumber(1, 1024 * MEBIBYTE)
    .prefault(String(5 * MEBIBYTE))
    .describe('bytes of one file, at most'),
  MAX_BACKLOG: wholeNumber(0, 100_000_000)
    .prefault('100000')
    .describe('files that may wait to be processed; above it uploads are put off. `0`: no limit'),
  MIN_FREE_DISK: wholeNumber(0, 1024 ** 5)
    .prefault(String(256 * MEBIBYTE))
    .describe('bytes that must be free on the disks of originals and results; below it uploads are put off'),
  RETENTION_HOURS: hours
    .prefault('168')
    .describe('hours after its end in which a batch is removed, with its files; `0`: never'),
  ACCEPTED_FORMATS: formatList
    .prefault('jpeg,png,webp,gif,avif')
    .describe('image formats taken in, comma-separated; `tiff` can be added'),
  MAX_MEGAPIXELS: wholeNumber(1, 1000)
    .prefault('50')
    .describe('millions of pixels of one image, at most; read from its header before decoding'),
  PRESETS_FILE: path
    .optional()
    .describe('JSON file of named option sets, as in `{"avatar": {"width": 128, "height": 128}}`'),
  PRESETS_ONLY: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('`true`: an upload may name a preset and set nothing else'),
  WORKER_CONCURRENCY: wholeNumber(1, 256)
    .optional()
    .describe('images processed at the same time by one worker; empty: CPU cores minus one'),
  WORKER_PORT: wholeNumber(1, 65_535)
    .optional()
    .describe('port at `HOST` on which a worker tells `/metrics`, `/healthz` and `/readyz`; empty: none'),
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
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must look like http://localhost:4318' })
    .optional()
    .describe(
      'collector that traces are sent to, by OTLP over HTTP, as in `http://localhost:4318`; empty: nothing is traced',
    ),
});

/** What each setting means, by variable name. */
export const settingDescriptions: Record<string, string> = Object.fromEntries(
  Object.entries(settings.shape).map(([name, schema]) => [name, schema.description ?? '']),
);
