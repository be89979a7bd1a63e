import { z } from 'zod';
import { formatNames } from '../shared/setting-types.ts';

// The API imports this file too, so it must not import sharp, directly or indirectly.

/** Maximum length of a text from a file, in characters. */
export const MAX_TEXT_LENGTH = 100;

const text = z.string().max(MAX_TEXT_LENGTH);
const positive = z.number().positive();

/** The harmless part of EXIF. The location is in it only if the client keeps metadata. */
export const exif = z
  .object({
    make: text.optional().meta({ description: 'Manufacturer of the camera' }),
    model: text.optional().meta({ description: 'Model of the camera' }),
    lens: text.optional(),
    takenAt: z
      .string()
      .optional()
      .meta({ description: 'Local time of the camera in ISO 8601, with its offset from UTC if the camera wrote it' }),
    exposureSeconds: positive.optional().meta({ description: 'Exposure time in seconds' }),
    fNumber: positive.optional(),
    iso: positive.optional().meta({ description: 'Sensitivity' }),
    focalLengthMm: positive.optional().meta({ description: 'Focal length in millimetres' }),
    gps: z
      .object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) })
      .optional()
      .meta({ description: 'Location in degrees, positive to the north and east; only with `keepMetadata=all`' }),
  })
  .meta({ id: 'Exif', description: 'What the camera wrote. Each field is absent if the file does not have it' });
/** See {@link exif}. */
export type Exif = z.infer<typeof exif>;

/** Facts about an original. */
export const imageInfo = z
  .object({
    format: z.enum(formatNames).meta({ description: 'File format' }),
    width: z.int().positive().meta({ description: 'Width in pixels, upright' }),
    height: z.int().positive().meta({ description: 'Height in pixels, upright' }),
    orientation: z
      .int()
      .min(1)
      .max(8)
      .meta({ description: 'EXIF orientation of the stored pixels; 1 if they are upright' }),
    frames: z
      .int()
      .positive()
      .meta({ description: 'Number of frames of an animation or pages of a TIFF, otherwise 1' }),
    hasAlpha: z.boolean().meta({ description: 'Whether it has an alpha channel' }),
    colorSpace: z.enum(['rgb', 'gray', 'cmyk', 'other']).meta({ description: 'Colour space of the stored pixels' }),
    profile: text.optional().meta({ description: 'Name of the embedded ICC profile' }),
    density: positive.optional().meta({ description: 'Pixels per inch' }),
    isGrayscale: z.boolean().meta({ description: 'Whether all of its colours are grey, whatever its colour space' }),
    dominantColors: z
      .array(
        z.object({
          color: z.string().regex(/^#[0-9a-f]{6}$/),
          share: z.number().min(0).max(1).meta({ description: 'Share of the visible pixels' }),
        }),
      )
      .max(5)
      .meta({ description: 'Up to five colours, the most frequent first; similar colours count as one' }),
    thumbHash: z.base64().meta({ description: 'ThumbHash in the colours of the original' }),
    exif: exif.optional(),
  })
  .meta({ id: 'ImageInfo', description: 'With `info`: the original. Colours are those of the first frame' });
/** See {@link imageInfo}. */
export type ImageInfo = z.infer<typeof imageInfo>;
