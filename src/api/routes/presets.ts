import { z } from 'zod';
import { formatNames } from '../../shared/setting-types.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { imageOptionSet } from '../openapi/image-options.ts';
import { json, problems } from '../openapi/responses.ts';
import type { OptionRules } from '../upload/read-options.ts';
import type { UploadLimits } from '../upload/upload-limits.ts';

const presetList = z
  .object({
    presets: z.record(z.string(), imageOptionSet).meta({ description: 'Options of each preset, by its name' }),
    presetsOnly: z.boolean().meta({ description: 'Whether an upload may name a preset and set nothing else' }),
    watermarks: z.array(z.string()).meta({ description: 'Names of the images that `watermark` can use' }),
    limits: z
      .object({
        maxFiles: z.int().meta({ description: 'Most files of an upload' }),
        maxFileBytes: z.int().meta({ description: 'Most bytes of a file' }),
        acceptedFormats: z.array(z.enum(formatNames)).meta({ description: 'Formats that a file may have' }),
      })
      .meta({ id: 'Limits', description: 'Limits of an upload' }),
  })
  .meta({ id: 'Presets' });
type PresetList = z.infer<typeof presetList>;

const example: PresetList = {
  presets: { avatar: { width: 128, height: 128, position: 'attention' } },
  presetsOnly: false,
  watermarks: ['logo'],
  limits: { maxFiles: 10, maxFileBytes: 5_242_880, acceptedFormats: ['jpeg', 'png', 'webp', 'gif', 'avif'] },
};

/** `GET /presets`: what an upload may use of this service. */
export function presetsRoute({
  optionRules: { presets, presetsOnly, watermarks },
  limits: { maxFiles, maxFileBytes, acceptedFormats },
}: {
  optionRules: OptionRules;
  limits: UploadLimits;
}): Route {
  const limits = { maxFiles, maxFileBytes, acceptedFormats: [...acceptedFormats] };
  const body: PresetList = { presets, presetsOnly, watermarks, limits };
  return defineRoute('/presets', {
    get: {
      operation: {
        operationId: 'listPresets',
        tags: ['Processing'],
        summary: 'The named option sets and the limits of this service',
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
