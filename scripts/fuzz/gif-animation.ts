import sharp from 'sharp';

/** Contents of {@link gifAnimation}. */
interface GifContent {
  frames: number;
  /** Width and height of the logical screen in pixels. */
  side: number;
  /** Width and height of each frame; by default those of the screen. Frames may lie partly outside of it. */
  frameSide?: number;
  /** What happens to a frame before the next: 0 or 1 it stays, 2 background, 3 the pixels before it; more is undefined. */
  disposal?: number;
  /** Hundredths of a second. */
  delay?: number;
}

/** Encodes an animation (GIF89a) whose frames alternate between two colours. Small frames each begin a pixel further right. */
export async function gifAnimation(content: GifContent): Promise<Buffer> {
  const { frames, side, frameSide = side, disposal = 0, delay = 4 } = content;
  const u16 = (value: number) => [value & 255, value >> 8];
  const start = [...Buffer.from('GIF89a'), ...u16(side), ...u16(side), 0, 0, 0];
  // Every entry of a palette has the colour of the frame, so that the pixels of all frames can be the same.
  const palettes = [
    [40, 80, 160],
    [250, 200, 30],
  ].map((color) => Buffer.concat(Array(256).fill(Buffer.from(color))));
  const pixels = await flatPixels(frameSide);
  const parts = Array.from({ length: frames }, (_, at) => {
    const control = [0x21, 0xf9, 4, disposal << 2, ...u16(delay), 0, 0];
    const left = frameSide === side ? 0 : at % side;
    // 0x87: a palette of 256 colours follows.
    const descriptor = [0x2c, ...u16(left), 0, 0, ...u16(frameSide), ...u16(frameSide), 0x87];
    return Buffer.concat([Buffer.from([...control, ...descriptor]), palettes[at % 2] ?? Buffer.alloc(0), pixels]);
  });
  return Buffer.concat([Buffer.from(start), ...parts, Buffer.from([0x3b])]);
}

/** Returns the image data of a GIF of one colour (GIF89a, section 22). */
async function flatPixels(side: number): Promise<Buffer> {
  const image = sharp({ create: { width: side, height: side, channels: 3, background: 'white' } });
  const file = await image.gif({ effort: 1 }).toBuffer();
  const paletteBytes = (flags = 0) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + paletteBytes(file[10]);
  // Skips extensions: two bytes, then blocks with their length until an empty one.
  while (file[at] === 0x21) {
    at += 2;
    while (file[at]) at += 1 + (file[at] ?? 0);
    at += 1;
  }
  return file.subarray(at + 10 + paletteBytes(file[at + 9]), -1);
}
