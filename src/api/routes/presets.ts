import { Router } from 'express';
import { z } from 'zod';
import { methodNotAllowed } from '../http/error-handler.ts';
import type { OptionRules } from '../upload/form-options.ts';

/** Answer of `GET /presets`. */
export const presetList = z
  .object({
    presets: z
      .record(z.string(), z.record(z.string(), z.unknown()))
      .meta({ description: 'Options of each preset, by its name' }),
    presetsOnly: z.boolean().meta({ description: 'Whether an upload may name a preset and set nothing else' }),
  })
  .meta({ id: 'Presets' });

/** `GET /presets`: the named option sets of this service. */
export function presetsRoute({ presets, presetsOnly }: OptionRules): Router {
  const router = Router();
  const body: z.infer<typeof presetList> = { presets, presetsOnly };
  router
    .route('/presets')
    .get((_req, res) => void res.json(body))
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}
