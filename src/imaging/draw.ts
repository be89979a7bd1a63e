import type { Sharp } from 'sharp';
import type { FullOptions } from './options.ts';
import type { Plan, Wanted } from './plan.ts';

/** Adds one operation to a pipeline. sharp runs the operations of a pipeline in its own order, which the list of steps follows. */
export type Step = (image: Sharp, options: FullOptions, plan: Plan) => Sharp;

/** Returns the colour that fills new pixels and lies behind transparent ones. */
export function fillOf({ background, format }: Pick<FullOptions, 'background' | 'format'>) {
  // JPEG has no transparency. Without a background sharp would use black.
  return background ?? (format === 'jpeg' ? 'white' : { r: 0, g: 0, b: 0, alpha: 0 });
}

/** Applies the EXIF orientation to the pixels, since the result may not contain EXIF. */
const orient: Step = (image) => image.autoOrient();

const flip: Step = (image, options) => (options.flip ? image.flip() : image);
const flop: Step = (image, options) => (options.flop ? image.flop() : image);

const rotate: Step = (image, options) =>
  options.rotate === 0 ? image : image.rotate(options.rotate, { background: fillOf(options) });

/** The part of the image that `trim` and `crop` leave. */
const extract: Step = (image, _options, { area }) => (area ? image.extract(area) : image);

const flatten: Step = (image, options) =>
  options.background || options.format === 'jpeg' ? image.flatten({ background: fillOf(options) }) : image;

const gamma: Step = (image, options) => (options.gamma === undefined ? image : image.gamma(options.gamma));

const resize: Step = (image, options, { focused }) => {
  if (focused) return image.resize({ ...focused.size, fit: 'fill' }).extract(focused.area);
  const { width, height, fit, position, enlarge } = options;
  return image.resize({
    ...(width && { width }),
    ...(height && { height }),
    // With one side `fill` would keep the other as it is.
    fit: width && height ? fit : 'inside',
    position,
    withoutEnlargement: !enlarge,
    background: fillOf(options),
  });
};

/** The window must not be larger than the image. */
const median: Step = (image, { median: side = 1 }, { drawn }) => {
  const fitting = Math.min(side, drawn.width, drawn.height);
  return fitting < 2 ? image : image.median(fitting);
};

const threshold: Step = (image, options) =>
  options.threshold === undefined ? image : image.threshold(options.threshold);

const blur: Step = (image, { blur: sigma }) => (sigma === undefined ? image : image.blur(sigma));

const modulate: Step = (image, { brightness = 1, saturation = 1, hue = 0, lightness = 0 }) =>
  brightness === 1 && saturation === 1 && hue === 0 && lightness === 0
    ? image
    : image.modulate({ brightness, saturation, hue, lightness });

const sharpen: Step = (image, { sharpen: sigma }) => (sigma === undefined ? image : image.sharpen({ sigma }));

/** Multiplies the distance of each level from the middle one. */
const contrast: Step = (image, { contrast: factor = 1 }) =>
  factor === 1 ? image : image.linear(factor, 128 * (1 - factor));

const normalise: Step = (image, options) => (options.normalise ? image.normalise() : image);

const tint: Step = (image, options) => (options.tint === undefined ? image : image.tint(options.tint));

/**
 * Converts to one grey channel. `grayscale` acts before the resize and `toColourspace` on output, wherever they are called. The
 * conversion is cheapest where there are the fewest pixels: before an enlargement, after a reduction. Measured in
 * `bench/measures/pipeline.ts`.
 */
export const grey: Step = (image, { grayscale }, { scale }) => {
  if (!grayscale) return image;
  return (scale > 1 ? image.grayscale() : image).toColourspace('b-w');
};

const negate: Step = (image, options) => (options.negate ? image.negate({ alpha: false }) : image);

/** The steps that turn an image upright and as the client wants it. */
export const turn: readonly Step[] = [orient, flip, flop, rotate];

/** The steps from the decoded source to the pixels of a result. */
export const draw: readonly Step[] = [
  ...turn,
  extract,
  flatten,
  gamma,
  resize,
  median,
  threshold,
  blur,
  modulate,
  sharpen,
  contrast,
  normalise,
  tint,
  grey,
  negate,
];

/** Adds the operations of each step to a pipeline. */
export function apply(steps: readonly Step[], image: Sharp, { options, plan }: Wanted): Sharp {
  return steps.reduce((result, step) => step(result, options, plan), image);
}
