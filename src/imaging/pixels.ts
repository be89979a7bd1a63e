import sharp, { type Channels, type Sharp } from 'sharp';

/** Raw pixels: 8 bits a channel, row by row. The frames of an animation follow each other. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  /** Height of all frames together. */
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  channels: number;
  /** Height of one frame, if there are several. */
  pageHeight?: number | undefined;
}

/** Runs a pipeline and returns its pixels. */
export async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const pageHeight = (info as { pageHeight?: number }).pageHeight;
  return { data, width, height, channels, pageHeight };
}

/** Starts a pipeline from pixels. */
export function fromPixels({ data, width, height, channels, pageHeight }: Pixels): Sharp {
  const raw = { width, height, channels: channels as Channels };
  return pageHeight === undefined || pageHeight === height
    ? sharp(data, { raw })
    : sharp(data, { raw: { ...raw, pageHeight }, animated: true });
}

/** Returns the first frame of an animation. */
export function firstFrame(pixels: Pixels): Pixels {
  const { data, width, channels, pageHeight = pixels.height } = pixels;
  return { data: data.subarray(0, width * pageHeight * channels), width, height: pageHeight, channels };
}
