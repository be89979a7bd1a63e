import { z } from 'zod';

// Types of option values. In a form each value is text, so numbers and flags are read from text too.

/** Maximum side of a result in pixels. */
export const MAX_SIDE = 4096;

const toNumber = (value: unknown) =>
  typeof value === 'string' && /^-?\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : value;

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.preprocess(toNumber, z.int({ error }).min(min, { error }).max(max, { error }));
}

export function decimal(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.preprocess(toNumber, z.number({ error }).min(min, { error }).max(max, { error }));
}

/** A whole number, or a word instead of it. */
export function wholeNumberOr<const T extends string>(min: number, max: number, word: T) {
  const error = `must be a whole number from ${min} to ${max}, or ${word}`;
  return z.preprocess(
    toNumber,
    z.union([z.int({ error }).min(min, { error }).max(max, { error }), z.literal(word, { error })], { error }),
  );
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

const toFlag = (value: unknown) => (value === 'true' ? true : value === 'false' ? false : value);

export const flag = z.preprocess(toFlag, z.boolean({ error: 'must be true or false' }));

/** A flag, or a word that says more than `true`. */
export function flagOr<const T extends readonly [string, ...string[]]>(words: T) {
  return z.preprocess(
    toFlag,
    z.union([z.boolean(), z.enum(words)], { error: `must be true, false or one of ${words.join(', ')}` }),
  );
}

/** The pattern names both cases of the digits, because the OpenAPI document has no flags. */
export const colour = z
  .string({ error: 'must be a colour such as #ffffff, white or black' })
  .regex(/^(#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})|white|black)$/i, {
    error: 'must be a colour such as #ffffff, white or black',
  });

/** A point in per cent of the width and height, such as `50,20`. */
export const point = z
  .string({ error: 'must be a point in per cent of the width and height, such as 50,20' })
  .regex(/^(?:100|\d{1,2}(?:\.\d{1,4})?)(?:,(?:100|\d{1,2}(?:\.\d{1,4})?))$/, {
    error: 'must be a point in per cent of the width and height, such as 50,20',
  });

const areaError =
  'must be x,y,width,height, each as a whole number of pixels or in per cent, such as 0,0,200,100 or 10%,10%,80%,80%';
const LENGTH = String.raw`(?:\d{1,6}|(?:100|\d{1,2}(?:\.\d{1,4})?)%)`;
/** A part of an image as `x,y,width,height`, with each value in pixels or in per cent. */
export const area = z
  .string({ error: areaError })
  .regex(new RegExp(`^${LENGTH}(?:,${LENGTH}){3}$`), { error: areaError })
  .refine(
    (text) =>
      text
        .split(',')
        .slice(2)
        .every((length) => Number.parseFloat(length) > 0),
    { error: areaError },
  );

const edgesError = `must be 1 to 4 whole numbers from 0 to ${MAX_SIDE}, separated by commas, such as 20 or 10,20`;
/** Widths of the edges of an image in pixels, in the order of CSS: all; vertical and horizontal; or from the top clockwise. */
export const edges = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z
    .string({ error: edgesError })
    .regex(/^\d{1,4}(?:,\d{1,4}){0,3}$/, { error: edgesError })
    .refine((text) => text.split(',').every((edge) => Number(edge) <= MAX_SIDE), { error: edgesError }),
);

/** Reads the widths of {@link edges}. */
export function toEdges(text: string): { top: number; right: number; bottom: number; left: number } {
  const [top = 0, right = top, bottom = top, left = right] = text.split(',').map(Number);
  return { top, right, bottom, left };
}
