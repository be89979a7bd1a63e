import sharp, { type Sharp } from 'sharp';

/**
 * Creates smooth shapes with fine noise, about as hard to encode as a photograph.
 *
 * @param width pixels
 * @param height pixels
 * @param options whether the image is partly transparent, and the strength of the noise
 */
export async function scene(width: number, height: number, { isTransparent = false, grain = 22 } = {}): Promise<Sharp> {
  const shapes = await sharp({
    create: {
      width: Math.ceil(width / 32),
      height: Math.ceil(height / 32),
      channels: 3,
      background: 'grey',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .raw()
    .toBuffer();
  const noise = await sharp({
    create: { width, height, channels: 3, background: 'grey', noise: { type: 'gaussian', mean: 128, sigma: grain } },
  })
    .blur(0.8)
    .png({ compressionLevel: 0 })
    .toBuffer();
  const { data, info } = await sharp(shapes, { raw: { width, height, channels: 3 } })
    .composite([{ input: noise, blend: 'soft-light' }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const image = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  return isTransparent ? image.ensureAlpha(0.8) : image;
}

/** Creates plain areas of colour, partly transparent, as in a diagram or a screenshot. */
function drawing(width: number, height: number): Sharp {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const areas = sharp({ create: { width: 24, height: 18, channels: 3, background: 'grey', noise } });
  return areas.resize(width, height, { kernel: 'nearest', fit: 'fill' }).ensureAlpha(0.8);
}

/** Creates the photograph of most measures: a JPEG of 6 megapixels and about 0.8 MB, as from a messenger app. */
export async function photo(): Promise<Buffer> {
  return (await scene(2725, 2225)).jpeg({ quality: 80 }).toBuffer();
}

/** Uses adaptive filtering, as most programs do. With sharp's default the file would exceed the upload limit. */
async function photographicPng(): Promise<Buffer> {
  const image = await scene(2048, 1536, { isTransparent: true, grain: 2 });
  return image.png({ adaptiveFiltering: true }).toBuffer();
}

/** Creates images of different formats and sizes, each with a name. */
export async function mixedImages(): Promise<[name: string, content: Buffer][]> {
  return [
    ['JPEG 1400×1050', await (await scene(1400, 1050)).jpeg({ quality: 85 }).toBuffer()],
    ['JPEG 2725×2225', await photo()],
    ['JPEG 6000×4000', await (await scene(6000, 4000)).jpeg({ quality: 80 }).toBuffer()],
    ['progressive JPEG 2725×2225', await (await scene(2725, 2225)).jpeg({ quality: 80, progressive: true }).toBuffer()],
    ['PNG 2048×1536 with alpha, drawn', await drawing(2048, 1536).png({ adaptiveFiltering: true }).toBuffer()],
    ['PNG 2048×1536 with alpha, photographic', await photographicPng()],
    ['WebP 1600×1200', await (await scene(1600, 1200)).webp().toBuffer()],
    ['AVIF 1600×1200', await (await scene(1600, 1200)).avif({ effort: 2 }).toBuffer()],
    ['JPEG 640×480', await (await scene(640, 480)).jpeg().toBuffer()],
    ['JPEG 320×240', await (await scene(320, 240)).jpeg().toBuffer()],
    ['PNG 300×200', await (await scene(300, 200)).png().toBuffer()],
  ];
}
