import { z } from 'zod';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { LinkConfig } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { problemsOf } from '../http/query.ts';
import { readFields } from '../http/read-fields.ts';
import { linkSigner } from '../http/signed-links.ts';
import { link } from '../openapi/examples.ts';
import { jobParams } from '../openapi/parameters.ts';
import { guardedProblems, json } from '../openapi/responses.ts';
import { jobLinks, resultUrl } from '../views/links.ts';
import { type LinkResponse, linkResponse } from '../views/signed-link.ts';
import { findKeptJob } from './load-or-404.ts';
import { chooseOutput } from './result.ts';

/** Longest life of a link: a week, as long as a batch is kept by default. */
const MAX_SECONDS = 604_800;
const secondsError = `must be a whole number from 60 to ${MAX_SECONDS}`;

/** The file of a link, and how long the link is valid. Values of a form are text. */
const linkRequest = z
  .strictObject({
    variant: z
      .string({ error: 'must be the name of a variant, and given once' })
      .optional()
      .meta({ description: 'Name of the variant; the first result by default' }),
    original: z
      .preprocess(
        (given) => ({ true: true, false: false })[String(given)] ?? given,
        z.boolean({ error: 'must be true or false' }).optional(),
      )
      .meta({ description: '`true`: the original instead of a result' }),
    expiresInSeconds: z.coerce
      .number({ error: secondsError })
      .int({ error: secondsError })
      .min(60, { error: secondsError })
      .max(MAX_SECONDS, { error: secondsError })
      .meta({ description: 'Seconds for which the link is valid' }),
  })
  .refine(({ variant, original }) => variant === undefined || original !== true, {
    path: ['variant'],
    error: 'cannot be set with original',
  });

/** `POST /jobs/:jobId/links`: a signed link to one file. */
export function linksRoute({ queue, links }: { queue: QueueClient; links: LinkConfig }): Route {
  const content = { schema: linkRequest };
  return defineRoute('/jobs/:jobId/links', {
    post: {
      operation: {
        operationId: 'createLink',
        tags: ['Results'],
        summary: 'Sign a link to one file, with which anyone can read this file without a key',
        description:
          `The link is valid for \`expiresInSeconds\` (60 to ${MAX_SECONDS}), unless the batch is deleted before. It leads to the first ` +
          'result, to the one of a `variant`, or with `original: true` to the file as it was uploaded. The service stores nothing.',
        request: {
          params: jobParams,
          body: {
            required: true,
            content: {
              'application/json': content,
              'multipart/form-data': content,
              'application/x-www-form-urlencoded': content,
            },
          },
        },
        responses: {
          200: json('The link', linkResponse, { link }),
          ...guardedProblems(
            'BAD_REQUEST',
            'INVALID_OPTION',
            'LINKS_DISABLED',
            'JOB_NOT_FOUND',
            'VARIANT_NOT_FOUND',
            'JOB_NOT_FINISHED',
            'JOB_FAILED',
            'BATCH_REMOVED',
            'FILE_DELETED',
            'BODY_TOO_LARGE',
            'BODY_TYPE_UNSUPPORTED',
            'CONTENT_ENCODING_UNSUPPORTED',
          ),
        },
      },
      async handler(req, res) {
        const job = await findKeptJob(queue, clientOf(res), req.params.jobId);
        const sign = linkSigner(req, links);
        const { data: wanted, error } = linkRequest.safeParse(await readFields(req, res));
        if (error) throw new ServiceError('INVALID_OPTION', [problemsOf(error)]);
        const { self, original } = jobLinks(job.payload.batchId, job.payload.index);
        if (!wanted.original) chooseOutput(job, wanted.variant);
        const expires = Math.floor(Date.now() / 1000) + wanted.expiresInSeconds;
        const url = sign(wanted.original ? original : resultUrl(self, wanted.variant), expires);
        const expiresAt = new Date(expires * 1000).toISOString();
        res.set('Cache-Control', 'no-store').json({ url, expiresAt } satisfies LinkResponse);
      },
    },
  });
}
