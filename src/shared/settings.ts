import { z } from 'zod';
import {
  addressList,
  addressRanges,
  apiKeyList,
  bucketUrl,
  delays,
  formatList,
  hostList,
  hours,
  linkSecrets,
  originList,
  path,
  publicUrl,
  webhookSecrets,
  wholeNumber,
} from './setting-types.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * All settings of the service, with their defaults as in an environment variable. Each description states the unit.
 * `npm run docs` writes `.env.example` and `docs/reference/configuration.md` from this list.
 */
export const settings = z.object({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('address the API listens on; `0.0.0.0` accepts connections from other machines'),
  PORT: wholeNumber(0, 65_535).prefault('3000').describe('port the API listens on'),
  API_PROCESSES: wholeNumber(1, 64)
    .optional()
    .describe('processes of the API on this host, which share its port; empty: one for each 8 CPU cores, rounded up'),
  API_KEYS: apiKeyList
    .optional()
    .describe(
      'API keys of the clients, as a comma-separated list of `name:hash`; `npm run api-key` creates a key. Empty: no key is required',
    ),
  ADMIN_PASSWORD: z
    .string()
    .min(12, 'must have 12 characters or more')
    .optional()
    .describe(
      'password of `/admin/queues`, where Bull Board shows the queues, of 12 characters or more; empty: the page is disabled',
    ),
  RATE_LIMIT_REQUESTS: wholeNumber(0, 1_000_000)
    .prefault('0')
    .describe('maximum requests per client and minute; `0`: no limit'),
  RATE_LIMIT_UPLOADS: wholeNumber(0, 1_000_000)
    .prefault('0')
    .describe('maximum uploads per client and minute; `0`: no limit'),
  MAX_HELD_REQUESTS: wholeNumber(0, 1_000_000)
    .prefault('1000')
    .describe('maximum open event streams and waiting requests per client and API process; `0`: no limit'),
  TRUST_PROXY: wholeNumber(0, 32)
    .prefault('0')
    .describe('number of proxies in front of the API whose `X-Forwarded-For` is trusted'),
  CORS_ORIGINS: originList
    .optional()
    .describe('origins whose web pages may call the API, comma-separated, or `*` for all; empty: none'),
  LINK_SECRET: linkSecrets
    .optional()
    .describe(
      'secret that signs links to single files, or two while they are rotated, comma-separated, the new one first; `npm run link-secret` creates one. Empty: there are no links',
    ),
  PUBLIC_URL: publicUrl
    .optional()
    .describe(
      'address of the service for its clients, with which links begin, such as `https://images.example.com`; empty: the host of the request. Required for links in webhooks',
    ),
  REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 3000)
    .prefault('300')
    .describe('maximum seconds for receiving a complete request'),
  REDIS_HOST: z.string().default('localhost').describe('host of the Redis server'),
  REDIS_PORT: wholeNumber(1, 65_535).prefault('6379').describe('port of the Redis server'),
  REDIS_PASSWORD: z.string().optional().describe('password for Redis'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must look like redis://user:password@host:6379/0 or rediss://…' })
    .optional()
    .describe('address of Redis, instead of the three settings above; `rediss://` for TLS'),
  REDIS_USERNAME: z.string().optional().describe('Redis user (ACL), if not the default user'),
  REDIS_TLS: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      '`true`: use TLS for Redis, Sentinel and Cluster; `NODE_EXTRA_CA_CERTS` adds certificate authorities to those of Node',
    ),
  REDIS_SENTINELS: addressList
    .optional()
    .describe('addresses of the Sentinels that monitor Redis, as `host:port`, comma-separated'),
  REDIS_SENTINEL_NAME: z.string().default('mymaster').describe('name of the Redis master in Sentinel'),
  REDIS_SENTINEL_PASSWORD: z.string().optional().describe('password for the Sentinels'),
  REDIS_CLUSTER: addressList
    .optional()
    .describe('addresses of some nodes of a Redis Cluster, as `host:port`, comma-separated'),
  REDIS_TIMEOUT_MS: wholeNumber(100, 60_000)
    .prefault('750')
    .describe('milliseconds that the API waits for a response of Redis; then it responds 503'),
  REDIS_WAIT_REPLICAS: wholeNumber(0, 10)
    .prefault('0')
    .describe('number of replicas that must have a batch before it is acknowledged, so that a failover cannot lose it'),
  QUEUE_PREFIX: z
    .string()
    .regex(
      /\{.+\}/,
      'must contain a hash tag in braces, such as {images}, so that Redis Cluster keeps the keys together',
    )
    .default('{images}')
    .describe('prefix of every Redis key; its hash tag keeps all keys on one node of a Redis Cluster'),
  UPLOAD_DIR: path.prefault('uploads').describe('folder of the originals, relative to the project folder'),
  PROCESSED_DIR: path.prefault('processed').describe('folder of the results, relative to the project folder'),
  STORAGE_URL: bucketUrl
    .optional()
    .describe(
      'S3-compatible bucket for originals and results, as `s3://bucket/prefix`, instead of the two folders; required for several machines without a shared file system',
    ),
  STORAGE_REDIRECT: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      '`true`: the API redirects downloads to a signed address of the bucket; `false`: the API streams the files',
    ),
  AWS_ENDPOINT_URL_S3: z
    .url({ protocol: /^https?$/, error: 'must look like https://storage.example.com' })
    .optional()
    .describe('address of the S3 server, if it is not AWS'),
  AWS_REGION: z.string().default('us-east-1').describe('region of the bucket'),
  AWS_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe('access key id for S3; empty: the AWS SDK looks for credentials itself, such as the role of the machine'),
  AWS_SECRET_ACCESS_KEY: z.string().optional().describe('secret access key for S3'),
  AWS_SESSION_TOKEN: z.string().optional().describe('session token for S3, if the credentials are temporary'),
  MAX_FILES: wholeNumber(1, 1000).prefault('10').describe('maximum files per upload'),
  MAX_FILE_BYTES: wholeNumber(1, 2048 * MEBIBYTE)
    .prefault(String(5 * MEBIBYTE))
    .describe('maximum bytes per file'),
  MAX_BACKLOG: wholeNumber(0, 100_000_000)
    .prefault('100000')
    .describe('maximum waiting files; above it the API rejects uploads with 503. `0`: no limit'),
  MIN_FREE_DISK: wholeNumber(0, 1024 ** 5)
    .prefault(String(256 * MEBIBYTE))
    .describe(
      'minimum free bytes on the disks of originals and results; below it the API rejects uploads with 503. `0`: no check',
    ),
  RETENTION_HOURS: hours
    .prefault('168')
    .describe('hours after which a finished batch is deleted with all its files; `0`: never'),
  REUSE_RESULTS: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      '`true`: a file gets the result of an earlier file of the same client with the same content and options, and is not processed again; set it for all APIs and workers',
    ),
  ACCEPTED_FORMATS: formatList
    .prefault('jpeg,png,webp,gif,avif')
    .describe('accepted image formats, comma-separated; `tiff` and `heic` can be added'),
  MAX_MEGAPIXELS: wholeNumber(1, 1000)
    .prefault('50')
    .describe('maximum megapixels per image; checked in the header before the image is decoded'),
  MAX_FRAMES: wholeNumber(1, 10_000)
    .prefault('100')
    .describe(
      'maximum frames of an animation that stays one; all its frames together must not exceed `MAX_MEGAPIXELS` either',
    ),
  PRESETS_FILE: path
    .optional()
    .describe('JSON file with named sets of options, such as `{"avatar": {"width": 128, "height": 128}}`'),
  PRESETS_ONLY: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('`true`: an upload may set only `preset`, and no other option'),
  WATERMARKS_FILE: path
    .optional()
    .describe(
      'JSON file with the PNG files of watermarks by name, relative to it, such as `{"logo": "logo.png"}`; the API and the worker read it',
    ),
  WEBHOOK_URL: z
    .url({ protocol: /^https?$/, error: 'must look like https://example.com/webhook' })
    .optional()
    .describe('address that is called when a batch ends, unless its upload names another; empty: none'),
  WEBHOOK_SECRETS: webhookSecrets
    .optional()
    .describe(
      'secret that signs webhooks, or two while they are rotated, comma-separated; `npm run webhook-secret` creates one. Empty: uploads cannot have webhooks',
    ),
  WEBHOOK_ALLOW_HTTP: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('`true`: webhooks may have `http:` addresses'),
  WEBHOOK_RETRY_DELAYS: delays
    .prefault('5,300,1800,7200,18000,36000,50400,72000,86400')
    .describe(
      'seconds between the attempts to deliver a webhook, comma-separated; a random fifth is added or subtracted',
    ),
  IMPORT_HOSTS: hostList
    .optional()
    .describe(
      'hosts from which uploads may import images by URL, comma-separated, such as `images.example.com,*.example.org`, or `*` for every public host; empty: uploads cannot have URLs',
    ),
  IMPORT_TIMEOUT_SECONDS: wholeNumber(1, 3600)
    .prefault('300')
    .describe('maximum seconds for importing one file, in one attempt'),
  NETWORK_ALLOW: addressRanges
    .optional()
    .describe(
      'ranges of addresses that webhooks may call, and from which images may be imported, although they are not public, comma-separated, such as `10.1.0.0/16`',
    ),
  WORKER_CONCURRENCY: wholeNumber(1, 256)
    .optional()
    .describe(
      'images that a worker processes at the same time; above 16 it starts several processes. Empty: CPU cores minus one',
    ),
  WORKER_PORT: wholeNumber(1, 65_535)
    .optional()
    .describe('port (on `HOST`) where a worker serves `/metrics`, `/healthz` and `/readyz`; empty: none'),
  JOB_TIMEOUT_SECONDS: wholeNumber(1, 3600)
    .prefault('30')
    .describe('maximum seconds per image; then its process is killed'),
  JOB_MEMORY_MB: wholeNumber(128, 65_536)
    .prefault('1024')
    .describe('maximum memory in mebibytes per image; then its process is killed'),
  SHUTDOWN_SECONDS: wholeNumber(1, 600)
    .prefault('8')
    .describe('maximum seconds for running requests and images to end after SIGTERM'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .default('info')
    .describe('minimum severity of the log lines'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must look like http://localhost:4318' })
    .optional()
    .describe('collector that receives traces by OTLP over HTTP, such as `http://localhost:4318`; empty: no tracing'),
});

/** Description of each setting, by variable name. */
export const settingDescriptions: Record<string, string> = Object.fromEntries(
  Object.entries(settings.shape).map(([name, schema]) => [name, schema.description ?? '']),
);
