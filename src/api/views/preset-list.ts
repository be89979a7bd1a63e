import { z } from 'zod';
import { formatNames } from '../../shared/setting-types.ts';
import { imageOptionSet } from '../openapi/image-options.ts';

/** Response of `GET /presets`. */
export const presetList = z
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
/** See {@link presetList}. */
export type PresetList = z.infer<typeof presetList>;
