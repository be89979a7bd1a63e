import { defineRoute, type Route } from '../http/define-route.ts';
import { presetList as example } from '../openapi/examples.ts';
import { json, problems } from '../openapi/responses.ts';
import type { OptionRules } from '../upload/read-options.ts';
import type { UploadLimits } from '../upload/upload-limits.ts';
import { type PresetList, presetList } from '../views/preset-list.ts';

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
