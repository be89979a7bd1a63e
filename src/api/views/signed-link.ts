import { z } from 'zod';

/** Response of `POST /jobs/:jobId/links`. */
export const linkResponse = z
  .object({
    url: z.string().meta({ description: 'Absolute address of the file, which needs no key' }),
    expiresAt: z.iso.datetime().meta({ description: 'When the address stops working' }),
  })
  .meta({ id: 'Link' });
/** See {@link linkResponse}. */
export type LinkResponse = z.infer<typeof linkResponse>;
