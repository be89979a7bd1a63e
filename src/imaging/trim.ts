import { apply, fillOf, turn } from './draw.ts';
import { fromPixels, toPixels } from './pixels.ts';
import { type Area, rotatedSize, type Wanted } from './plan.ts';
import { planFor } from './plan-results.ts';
import { type Source, startPipeline } from './source.ts';

/** Most pixels in which `trim` looks for edges. libvips takes ten times as long for it as for decoding a JPEG. */
const TRIM_PIXELS = 4_000_000;

/** Measures what `trim` leaves, and plans the results again for it. */
export async function trimAll(source: Source, results: readonly Wanted[]): Promise<Wanted[]> {
  const areas = new Map<string, Area | undefined>();
  // One after another, so that only one decoded image is in memory.
  for (const [key, result] of distinctTrims(results)) areas.set(key, await measureTrim(source, result));
  return results.map((result) => {
    const area = areas.get(trimKey(result));
    return area ? { ...result, plan: planFor(source, result.options, area) } : result;
  });
}

/** Returns one result for each area that `trim` has to measure. */
export function distinctTrims(results: readonly Wanted[]): ReadonlyMap<string, Wanted> {
  const trimmed = results.filter(({ options }) => options.trim !== undefined);
  return new Map(trimmed.map((result) => [trimKey(result), result]));
}

/** Returns the options that determine what `trim` leaves. */
function trimKey({ options }: Wanted): string {
  const { trim, rotate, flip, flop, frame } = options;
  return JSON.stringify([trim, rotate, flip, flop, frame, fillOf(options)]);
}

/** Returns what `trim` leaves of the rotated image. It measures a large image in a smaller copy. */
async function measureTrim(source: Source, { options: given, plan }: Wanted): Promise<Area | undefined> {
  // sharp mirrors an image after the extraction if it does not rotate it.
  const options = given.rotate === 0 ? { ...given, flip: false, flop: false } : given;
  const whole = rotatedSize(source.size, options.rotate);
  if (Math.min(whole.width, whole.height) < 3) return undefined;
  const scale = Math.min(1, Math.sqrt(TRIM_PIXELS / (whole.width * whole.height)));
  const scaled = (side: number) => Math.max(3, Math.round(side * scale));
  const turned = apply(turn, startPipeline(source, { options, plan }), { options, plan });
  const copy = turned.resize(scaled(whole.width), scaled(whole.height), { fit: 'fill' }).toColourspace('srgb');
  const pixels = await toPixels(copy);
  const { info } = await fromPixels(pixels)
    .trim({ threshold: options.trim ?? 0 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const span = (offset: number, part: number, from: number, to: number): [start: number, length: number] => {
    const start = Math.floor((Math.abs(offset) * to) / from);
    return [start, Math.min(to, Math.ceil(((Math.abs(offset) + part) * to) / from)) - start];
  };
  const [left, width] = span(info.trimOffsetLeft ?? 0, info.width, pixels.width, whole.width);
  const [top, height] = span(info.trimOffsetTop ?? 0, info.height, pixels.height, whole.height);
  return { left, top, width, height };
}
