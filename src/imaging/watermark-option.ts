import { z } from 'zod';
import { colour, decimal, flag, MAX_SIDE, oneOf, wholeNumber } from './option-values.ts';

/** Directions in which something can lie in an image. */
export const directions = [
  'centre',
  'center',
  'north',
  'northeast',
  'east',
  'southeast',
  'south',
  'southwest',
  'west',
  'northwest',
] as const;

const MAX_TEXT = 100;
const textError = `must be 1 to ${MAX_TEXT} characters, of which at least one is visible, without control characters`;

const defaults = {
  color: 'white',
  position: 'southeast' as (typeof directions)[number],
  opacity: 0.5,
  scale: 25,
  margin: 16,
  tile: false,
};

/** Adds what the OpenAPI document says about an optional member. */
function member<T extends z.ZodType>(schema: T, name: keyof typeof defaults, description: string) {
  return schema.optional().meta({ description, 'x-default': defaults[name] });
}

const shape = {
  image: z
    .string({ error: 'must be the name of a watermark' })
    .optional()
    .describe('name of an image of the operator (`WATERMARKS_FILE`)'),
  text: z
    .string({ error: textError })
    .max(MAX_TEXT, { error: textError })
    .regex(/^(?=.*[\p{L}\p{N}\p{P}\p{S}])[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, { error: textError })
    .optional()
    .describe('text instead of an image'),
  color: member(colour, 'color', 'colour of the text; white by default'),
  position: member(oneOf(directions), 'position', 'where it lies; `southeast` by default'),
  opacity: member(decimal(0.01, 1), 'opacity', 'opacity from 0 to 1; 0.5 by default'),
  scale: member(decimal(1, 100), 'scale', 'width in per cent of the width of the result; 25 by default'),
  margin: member(
    wholeNumber(0, MAX_SIDE),
    'margin',
    'distance from the edges, or between tiles, in pixels; 16 by default',
  ),
  tile: member(flag, 'tile', 'whether it is repeated over the whole result; `false` by default'),
};

/** Names of the members of a watermark. */
export const watermarkMembers = Object.keys(shape);

/** Reads JSON text, as a form sends it. Other text is the name of an image. */
function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (!value.trimStart().startsWith('{')) return /^[a-z0-9]/i.test(value) ? { image: value } : value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The option `watermark`. */
export const watermark = z.preprocess(
  fromText,
  z
    .strictObject(shape, {
      error: ({ code }) =>
        code === 'invalid_type'
          ? 'must be the name of an image, or a JSON object such as {"text": "© A. Author", "opacity": 0.5}'
          : undefined,
    })
    .refine(({ image, text }) => (image === undefined) !== (text === undefined), {
      error: 'must have either image or text',
    }),
);
/** See {@link watermark}. */
export type Watermark = z.infer<typeof watermark>;

/** Fills in the defaults of a watermark. */
export function withWatermarkDefaults({ image, text, ...given }: Watermark) {
  return {
    image,
    text,
    color: given.color ?? defaults.color,
    position: given.position ?? defaults.position,
    opacity: given.opacity ?? defaults.opacity,
    scale: given.scale ?? defaults.scale,
    margin: given.margin ?? defaults.margin,
    tile: given.tile ?? defaults.tile,
  };
}
