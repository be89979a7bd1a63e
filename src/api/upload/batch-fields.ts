import { z } from 'zod';
import type { WebhookConfig } from '../../shared/config.ts';
import { formatBytes, ServiceError } from '../../shared/errors.ts';
import { webhookProblem } from './webhook-url.ts';

/** Maximum number of tags of a batch. */
export const MAX_TAGS = 10;
/** Maximum bytes of a batch's metadata. */
const MAX_METADATA_BYTES = 4096;

const tagError = 'must be 1 to 64 characters, without commas and control characters';
/** A word by which a client finds its batches. */
export const tag = z
  .string({ error: tagError })
  .trim()
  .regex(/^[^,\p{Cc}]{1,64}$/u, { error: tagError });

const tags = z
  .array(tag)
  .transform((list) => [...new Set(list)])
  .refine((list) => list.length <= MAX_TAGS, { error: `must be at most ${MAX_TAGS}` });

const metadataError = `must be a JSON object of at most ${formatBytes(MAX_METADATA_BYTES)}`;
const metadata = z.record(z.string(), z.unknown(), { error: metadataError });

/** Fields of an upload that describe the batch, with their descriptions. */
export const batchFieldDescriptions = {
  tags: `up to ${MAX_TAGS} words by which \`GET /batches\` finds the batch, comma-separated or in repeated fields`,
  metadata: `JSON object of at most ${formatBytes(MAX_METADATA_BYTES)}, which is returned with the batch`,
  webhook: 'URL to call when the batch has ended',
} as const;

/** The description of a batch by its client. */
export interface BatchFields {
  tags: readonly string[];
  /** JSON text of an object. */
  metadata: string | undefined;
  webhook: string | undefined;
}

/**
 * Takes the fields that describe the batch out of the fields of a form or the members of a JSON body. An empty field counts as absent.
 *
 * @param webhooks the service's rules for webhooks, and the default address
 * @returns the description, and the other fields
 * @throws {ServiceError} `INVALID_OPTION` that lists all invalid fields
 */
export function takeBatchFields(
  fields: Record<string, unknown>,
  webhooks: WebhookConfig,
): BatchFields & { rest: Record<string, unknown> } {
  const { tags: givenTags, metadata: givenMetadata, webhook: givenWebhook, ...rest } = fields;
  const isGiven = givenWebhook !== undefined && givenWebhook !== '';
  const problem = isGiven ? webhookProblem(givenWebhook, webhooks) : undefined;
  const words = [givenTags ?? []].flat().flatMap((words) => (typeof words === 'string' ? words.split(',') : [words]));
  const parsedTags = tags.safeParse(words.filter((word) => typeof word !== 'string' || word.trim() !== ''));
  const parsedMetadata = metadata.safeParse(parseMetadata(givenMetadata));
  const text = JSON.stringify(parsedMetadata.data ?? {});
  const problems = [
    ...(parsedTags.success ? [] : [`tags ${parsedTags.error.issues[0]?.message}`]),
    ...(parsedMetadata.success && Buffer.byteLength(text) <= MAX_METADATA_BYTES ? [] : [`metadata ${metadataError}`]),
    ...(problem === undefined ? [] : [`webhook ${problem}`]),
  ];
  if (problems.length > 0) throw new ServiceError('INVALID_OPTION', [problems]);
  return {
    tags: parsedTags.data ?? [],
    metadata: text === '{}' ? undefined : text,
    webhook: isGiven ? String(givenWebhook) : undefined,
    rest,
  };
}

function parseMetadata(given: unknown): unknown {
  if (given === undefined || given === '') return {};
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
