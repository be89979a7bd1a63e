import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { type ProblemCode, problemStatuses } from '../../shared/errors.ts';
import { problem, toProblem } from '../http/problem.ts';
import * as examples from './examples.ts';

const retryAfter = {
  schema: { type: 'integer', minimum: 1 },
  description: 'Seconds until it is worth asking again',
} as const;

/** `Retry-After` of an answer that may be final. */
export const whileUnfinished = {
  ...retryAfter,
  description: `${retryAfter.description}; only while it is not finished`,
} as const;

/** The wish to be answered later. */
export const preferHeader = z
  .string()
  .optional()
  .meta({
    description: '`wait=30` (RFC 7240): answer when it is finished, or after 30 seconds, at most 60',
    param: { name: 'Prefer', in: 'header' },
  });

/** What makes it safe to send an upload again. */
export const idempotencyHeader = z
  .string()
  .optional()
  .meta({
    description:
      'A string of the client’s choice, such as a random UUID: an upload that is sent again with it within 24 hours (no longer than batches are kept) is ' +
      'answered as the first was, and makes no second batch',
    param: { name: 'Idempotency-Key', in: 'header' },
  });

/** A JSON answer with its schema and named examples. */
export function json(
  description: string,
  schema: z.ZodType,
  values: Record<string, unknown>,
  headers = {},
): ResponseConfig {
  const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
  return { description, headers, content: { 'application/json': { schema, examples: named } } };
}

/** The error answers of a route, grouped by status, with an example for each code. */
export function problems(...codes: ProblemCode[]): Record<number, ResponseConfig> {
  const answers: Record<number, ResponseConfig> = {};
  for (const status of new Set(codes.map((code) => problemStatuses[code]))) {
    const ofStatus = codes.filter((code) => problemStatuses[code] === status);
    answers[status] = {
      description: ofStatus.map((code) => `\`${code}\``).join(', '),
      headers: [429, 503, 507].includes(status) ? { 'Retry-After': retryAfter } : {},
      content: {
        'application/problem+json': {
          schema: problem,
          examples: Object.fromEntries(
            ofStatus.map((code) => [
              code,
              { value: toProblem({ code, status, message: examples.problemDetails[code] }) },
            ]),
          ),
        },
      },
    };
  }
  return answers;
}

/** The error answers of a route that is not open to all and asks Redis, which has some in common with every other. */
export function guardedProblems(...codes: ProblemCode[]): Record<number, ResponseConfig> {
  return problems('UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL_ERROR', 'QUEUE_UNAVAILABLE', ...codes);
}
