import { z } from 'zod';
import { ServiceError } from '../../shared/errors.ts';

/** Maximum number of tags of a batch. */
const MAX_TAGS = 10;
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

const metadataError = `must be a JSON object of at most ${MAX_METADATA_BYTES} bytes`;
const metadata = z.record(z.string(), z.unknown(), { error: metadataError });

/** Fields of an upload that describe the batch, with their descriptions. */
export const batchFieldDescriptions = {
  tags: `up to ${MAX_TAGS} words by which \`GET /batches\` finds the batch, comma-separated or in repeated fields`,
  metadata: `JSON object of at most ${MAX_METADATA_BYTES} bytes, which is returned with the batch`,
} as const;

/** What a client says about its batch. */
export interface BatchFields {
  tags: readonly string[];
  /** JSON text of an object. */
  metadata: string | undefined;
}

/**
 * Takes the fields that describe the batch out of the fields of a form or the members of a JSON body. An empty field counts as absent.
 *
 * @returns the description, and the other fields
 * @throws {ServiceError} `INVALID_OPTION` that lists all invalid fields
 */
export function takeBatchFields(fields: Record<string, unknown>): BatchFields & { rest: Record<string, unknown> } {
  const { tags: givenTags, metadata: givenMetadata, ...rest } = fields;
  const words = [givenTags ?? []].flat().flatMap((words) => (typeof words === 'string' ? words.split(',') : [words]));
  const parsedTags = tags.safeParse(words.filter((word) => typeof word !== 'string' || word.trim() !== ''));
  const parsedMetadata = metadata.safeParse(parseMetadata(givenMetadata));
  const text = JSON.stringify(parsedMetadata.data ?? {});
  const problems = [
    ...(parsedTags.success ? [] : [`tags ${parsedTags.error.issues[0]?.message}`]),
    ...(parsedMetadata.success && Buffer.byteLength(text) <= MAX_METADATA_BYTES ? [] : [`metadata ${metadataError}`]),
  ];
  if (problems.length > 0) throw new ServiceError('INVALID_OPTION', [problems]);
  return { tags: parsedTags.data ?? [], metadata: text === '{}' ? undefined : text, rest };
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
