import { resolve } from 'node:path';
import { z } from 'zod';

/** Folder of package.json. The relative path is the same from `src/shared` and from `dist/shared`. */
export const projectRoot = resolve(import.meta.dirname, '../..');

/** The image formats that `ACCEPTED_FORMATS` can contain. */
export const formatNames = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff', 'heic'] as const;
/** One of {@link formatNames}. */
export type FormatName = (typeof formatNames)[number];
/** The formats that a result can have. HEIC can only be read. */
export type ResultFormat = Exclude<FormatName, 'heic'>;

/** A whole number in a range, bounds included. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

const HOUR_MS = 60 * 60 * 1000;
const hoursError = 'must be a number of hours from 0 to 87600, such as 168 or 0.5';
/** A duration in hours, converted to milliseconds. */
export const hours = z
  .string()
  .regex(/^\d{1,5}(\.\d{1,6})?$/, { error: hoursError, abort: true })
  .transform((text) => Math.round(Number(text) * HOUR_MS))
  .pipe(z.number().max(87_600 * HOUR_MS, { error: hoursError }));

/** Name of a client and SHA-256 of its key. */
const apiKey = /^([\w.-]{1,64}):([0-9a-f]{64})$/i;

/** Names of clients with the hashes of their API keys. */
export const apiKeyList = z
  .string()
  .transform((list) => list.split(',').map((entry) => apiKey.exec(entry.trim())))
  .refine((entries) => !entries.includes(null), {
    error: 'must be a comma-separated list of name:hash, each as `npm run api-key -- <name>` prints it',
  })
  .transform((entries) =>
    entries.map((entry) => ({ name: entry?.[1] ?? '', hash: Buffer.from(entry?.[2] ?? '', 'hex') })),
  );

/** Addresses as `host:port`, with IPv6 addresses in brackets. */
export const addressList = z
  .string()
  .transform((list) => list.split(',').map((address) => /^(\[[\da-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(address.trim())))
  .refine((found) => !found.includes(null), { error: 'must be a comma-separated list of host:port' })
  .transform((found) =>
    found.map((parts) => ({ host: (parts?.[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(parts?.[2]) })),
  );

const originsError = 'must be * or a comma-separated list of origins such as https://example.com';
/** Origins of web pages. */
export const originList = z
  .string()
  .transform((list) => list.split(',').map((origin) => origin.trim()))
  .refine(
    (origins) =>
      origins.every((origin) => origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)),
    {
      error: originsError,
    },
  );

/** A bucket and an optional key prefix, as `s3://bucket/prefix`. */
export const bucketUrl = z
  .string()
  .transform((url) => /^s3:\/\/([a-z0-9][a-z0-9._-]+)(?:\/(.*))?$/i.exec(url))
  .refine((parts) => parts !== null, { error: 'must look like s3://bucket or s3://bucket/prefix' })
  .transform((parts) => ({ name: parts?.[1] ?? '', prefix: (parts?.[2] ?? '').replace(/\/+$/, '') }));

/** A list of texts that a check accepts. */
function listOf(isValid: (text: string) => boolean, error: string) {
  return z
    .string()
    .transform((list) => list.split(',').map((entry) => entry.trim()))
    .refine((entries) => entries.every(isValid), { error });
}

const cidr = z.union([z.cidrv4(), z.cidrv6()]);
/** Ranges of IP addresses. */
export const addressRanges = listOf(
  (range) => cidr.safeParse(range).success,
  'must be a comma-separated list of address ranges such as 10.0.0.0/8 or fd00::/8',
);

const host = /^(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/;
/** Names of hosts, in lower case: `example.com`, `*.example.com` for all names below it, an address, or `*` for all. */
export const hostList = listOf(
  (name) => host.test(name.toLowerCase()),
  'must be a comma-separated list of host names such as images.example.com or *.example.com, or *',
).transform((names) => names.map((name) => name.toLowerCase()));

/** One or two secrets for webhooks (Standard Webhooks 1.0.0): `whsec_` and 24 to 64 bytes in base64. */
export const webhookSecrets = listOf(
  (secret) => /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(secret),
  'must be one secret, or two while they are rotated, each as `npm run webhook-secret` prints it',
).refine((secrets) => secrets.length <= 2, { error: 'must be one secret, or two while they are rotated' });

/** One or two secrets that sign links. */
export const linkSecrets = listOf(
  (secret) => secret.length >= 32,
  'must be one secret of 32 or more characters, or two while they are rotated, each as `npm run link-secret` prints it',
).refine((secrets) => secrets.length <= 2, { error: 'must be one secret, or two while they are rotated' });

/** The address of the service, without a slash at its end. */
export const publicUrl = z
  .url({ protocol: /^https?$/, error: 'must look like https://images.example.com' })
  .refine((url) => !/[?#]/.test(url), { error: 'must have no query and no fragment' })
  .transform((url) => url.replace(/\/+$/, ''));

/** Delays in seconds, converted to milliseconds. */
export const delays = listOf(
  (seconds) => /^\d{1,6}$/.test(seconds),
  'must be a comma-separated list of seconds such as 5,300,1800',
).transform((list) => list.map((seconds) => Number(seconds) * 1000));

/** A path. Relative paths are resolved against the project folder. */
export const path = z.string().transform((given) => resolve(projectRoot, given));

/** Image formats by name. */
export const formatList = z
  .string()
  .transform((list) => list.split(',').map((name) => name.trim().toLowerCase()))
  .pipe(
    z.array(z.enum(formatNames, { error: `must be a comma-separated list of ${formatNames.join(', ')}` })).nonempty(),
  );
