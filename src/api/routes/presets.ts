import { z } from 'zod';
import { defineRoute, type Route } from '../http/define-route.ts';
import { imageOptionSet } from '../openapi/image-options.ts';
import { json, problems } from '../openapi/responses.ts';
import type { OptionRules } from '../upload/read-options.ts';

const presetList = z
  .object({
    presets: z.record(z.string(), imageOptionSet).meta({ description: 'Options of each preset, by its name' }),
    presetsOnly: z.boolean().meta({ description: 'Whether an upload may name a preset and set nothing else' }),
    watermarks: z.array(z.string()).meta({ description: 'Names of the images that `watermark` can use' }),
  })
  .meta({ id: 'Presets' });
type PresetList = z.infer<typeof presetList>;

const example: PresetList = {
  presets: { avatar: { width: 128, height: 128, position: 'attention' } },
  presetsOnly: false,
  watermarks: ['logo'],
};

/** `GET /presets`: the named option sets of this service. */
export function presetsRoute({ presets, presetsOnly, watermarks }: OptionRules): Route {
  const body: PresetList = { presets, presetsOnly, watermarks };
  return defineRoute('/presets', {
    get: {
      operation: {
        operationId: 'listPresets',
        tags: ['Processing'],
        summary: 'The named option sets of this service',
        description: 'An upload selects one with the field `preset`. The operator defines them in `PRESETS_FILE`.',
        responses: {
          200: json('The presets', presetList, { presets: example }),
          ...problems('UNAUTHORIZED', 'RATE_LIMITED'),
        },
      },
      handler: (_req, res) => void res.json(body),
    },
  });
}
