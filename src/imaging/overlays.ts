import { createRequire } from 'node:module';
import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import { fillOf } from './draw.ts';
import { OperatorError } from './image-error.ts';
import type { FullOptions } from './options.ts';
import type { Size } from './plan.ts';
import { withWatermarkDefaults } from './watermark-option.ts';

/** Returns the file of a watermark, a PNG, by the name that the operator gave it. */
export type Watermarks = (name: string) => Uint8Array;

/** Brings its own font, since the machine may have none. */
const FONT = {
  fontfile: createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
  font: 'DejaVu Sans',
};
/** High enough that the longest text has more pixels than the widest result. */
const TEXT_DPI = 600;

/** Lists what is drawn on the pixels of a result: its watermark, then its rounded corners. */
export async function overlaysOf(
  options: FullOptions,
  size: Size,
  watermarks: Watermarks | undefined,
): Promise<OverlayOptions[]> {
  const mark = options.watermark && (await watermarkOverlay(options, size, watermarks));
  return [...(mark ? [mark] : []), ...(options.round === undefined ? [] : corners(options, size))];
}

async function watermarkOverlay(
  options: FullOptions,
  size: Size,
  watermarks: Watermarks | undefined,
): Promise<OverlayOptions> {
  const { position, opacity, scale, tile, ...mark } = withWatermarkDefaults(options.watermark ?? {});
  const margin = Math.round(mark.margin * options.dpr);
  const width = Math.max(1, Math.round((size.width * scale) / 100));
  const { data, ...raw } = await render(mark, { width, height: size.height }, watermarks);
  // sharp adds a missing alpha channel after `linear`, so the opacity needs a pipeline of its own.
  const faded = sharp(data, { raw }).linear([1, 1, 1, opacity], [0, 0, 0, 0]);
  const room = { width: size.width - raw.width, height: size.height - raw.height };
  if (!tile) return { input: await faded.raw().toBuffer(), raw, ...place(position, room, margin) };
  const right = Math.min(margin, room.width);
  const bottom = Math.min(margin, room.height);
  const spaced = faded.extend({ right, bottom, background: { r: 0, g: 0, b: 0, alpha: 0 } });
  return {
    input: await spaced.raw().toBuffer(),
    raw: { ...raw, width: raw.width + right, height: raw.height + bottom },
    tile: true,
    gravity: 'northwest',
  };
}

/** Renders a watermark as RGBA pixels that fit into a size. */
async function render(
  { image, text = '', color }: { image?: string | undefined; text?: string | undefined; color: string },
  size: Size,
  watermarks: Watermarks | undefined,
): Promise<{ data: Buffer; width: number; height: number; channels: 4 }> {
  try {
    if (image !== undefined && !watermarks) throw new Error('there are no watermarks');
    const mark = image === undefined ? writeText(text, color) : sharp(watermarks?.(image));
    const { data, info } = await mark
      .resize({ ...size, fit: 'inside' })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: 4 };
  } catch (cause) {
    throw new OperatorError(`the watermark ${image ?? 'text'} cannot be drawn`, { cause });
  }
}

/** Renders text. Pango would interpret markup in it, so its special characters are escaped. */
function writeText(text: string, color: string): Sharp {
  const escaped = text.replace(/[&<>'"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return sharp({ text: { text: `<span foreground="${color}">${escaped}</span>`, ...FONT, rgba: true, dpi: TEXT_DPI } });
}

/** Returns where something lies that leaves `room` in an image. */
function place(direction: string, room: Size, margin: number): { left: number; top: number } {
  const along = (space: number, isStart: boolean, isEnd: boolean) => {
    const wanted = isStart ? margin : isEnd ? space - margin : Math.round(space / 2);
    return Math.max(0, Math.min(space, wanted));
  };
  return {
    left: along(room.width, direction.endsWith('west'), direction.endsWith('east')),
    top: along(room.height, direction.startsWith('north'), direction.startsWith('south')),
  };
}

/** Lists four tiles that erase the corners, or paint them in the background of a result without transparency. */
function corners(options: FullOptions, { width, height }: Size): OverlayOptions[] {
  const longest = Math.floor(Math.min(width, height) / 2);
  const radius = options.round === 'max' ? longest : Math.min(longest, Math.round((options.round ?? 0) * options.dpr));
  if (radius < 1) return [];
  const fill = fillOf(options);
  const colour = typeof fill === 'string' ? toRgb(fill) : [0, 0, 0];
  return [false, true].flatMap((isBottom) =>
    [false, true].map(
      (isRight): OverlayOptions => ({
        input: cornerTile(radius, colour, isRight, isBottom),
        raw: { width: radius, height: radius, channels: 4 },
        blend: typeof fill === 'string' ? 'over' : 'dest-out',
        left: isRight ? width - radius : 0,
        top: isBottom ? height - radius : 0,
      }),
    ),
  );
}

/** Returns the pixels of a square, RGBA. Each is as opaque as the share of it that lies outside of the arc of the corner. */
function cornerTile(
  radius: number,
  [red = 0, green = 0, blue = 0]: readonly number[],
  isRight: boolean,
  isBottom: boolean,
) {
  const tile = Buffer.alloc(radius * radius * 4);
  let at = 0;
  for (let y = 0; y < radius; y += 1) {
    const down = isBottom ? y + 0.5 : radius - y - 0.5;
    for (let x = 0; x < radius; x += 1) {
      const across = isRight ? x + 0.5 : radius - x - 0.5;
      // Not `Math.hypot`, which takes many times as long.
      const outside = Math.min(1, Math.max(0, Math.sqrt(across * across + down * down) - radius + 0.5));
      tile[at] = red;
      tile[at + 1] = green;
      tile[at + 2] = blue;
      tile[at + 3] = Math.round(outside * 255);
      at += 4;
    }
  }
  return tile;
}

/** Converts a colour of the option `background` to red, green and blue. */
function toRgb(colour: string): number[] {
  const hex = { white: 'ffffff', black: '000000' }[colour.toLowerCase()] ?? colour.slice(1);
  const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : (hex.match(/../g) ?? []);
  return digits.map((level) => Number.parseInt(level, 16));
}
