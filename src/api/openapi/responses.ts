import type { ResponseConfig } from '@asteasolutions/zod-to-openapi';
import type { z } from 'zod';
import { type ErrorCode, errorTypes, exampleDetail } from '../../shared/errors.ts';
import { problem, toProblem } from '../http/problem.ts';

/** `Retry-After` header. */
export const retryAfter = {
  schema: { type: 'integer', minimum: 1 },
  description: 'Seconds after which the client can try again',
} as const;

/** `Retry-After` of a response that may be final. */
export const whileUnfinished = {
  ...retryAfter,
  description: 'Seconds after which the client can poll again; only while the batch is not finished',
} as const;

/** Schema of a file's bytes. */
export const binary = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' } as const;

/** A JSON response with its schema and named examples. */
export function json(
  description: string,
  schema: z.ZodType,
  values: Record<string, unknown>,
  headers = {},
): ResponseConfig {
  const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
  return { description, headers, content: { 'application/json': { schema, examples: named } } };
}

/** The error responses of a route, grouped by status, with an example for each code. */
export function problems(...codes: ErrorCode[]): Record<number, ResponseConfig> {
  const responses: Record<number, ResponseConfig> = {};
  for (const status of new Set(codes.map((code) => errorTypes[code].status))) {
    const ofStatus = codes.filter((code) => errorTypes[code].status === status);
    const examples = ofStatus.map((code) => [
      code,
      { value: toProblem({ code, status, message: exampleDetail(code) }) },
    ]);
    responses[status] = {
      description: ofStatus.map((code) => `\`${code}\``).join(', '),
      headers: [429, 503, 507].includes(status) ? { 'Retry-After': retryAfter } : {},
      content: { 'application/problem+json': { schema: problem, examples: Object.fromEntries(examples) } },
    };
  }
  return responses;
}

/** The error responses of a route that needs a key and Redis; those codes are common to all such routes. */
export function guardedProblems(...codes: ErrorCode[]): Record<number, ResponseConfig> {
  return problems('UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL_ERROR', 'QUEUE_UNAVAILABLE', ...codes);
}
