import sharp from 'sharp';
import type { Output } from '../src/imaging/options.ts';
import { toOutputs } from '../src/imaging/outputs.ts';
import type { FormatName } from '../src/shared/setting-types.ts';
import { gifAnimation } from './fuzz/gif-animation.ts';
import { createMeasuredChild, WATERMARK } from './fuzz/measured-child.ts';

// Searches for the options that cost most, among those that the cost model allows, and prints CPU time and memory of each.
// Usage: npx tsx scripts/worst-options.ts [name of a start …]

/** A file, and the first options of a search in it. */
interface Start {
  source: keyof typeof sources;
  options: Record<string, unknown>;
  /** Width and height in pixels; by default the largest that the API accepts. */
  side?: number;
  /** The options that the search may add. None: the options are only measured. */
  more?: readonly Record<string, unknown>[];
}

const noise = (side: number) =>
  sharp({
    create: {
      width: side,
      height: side,
      channels: 3,
      background: 'grey',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  }).blur(0.6);

/** Each within 5 MiB, the default of `MAX_FILE_BYTES`. */
const sources = {
  /** Worst to encode: the noise of a photograph, 1:1 in the largest result. */
  noise: () => noise(4096).jpeg({ quality: 75 }).toBuffer(),
  /** The same with transparent pixels. */
  transparent: () => noise(4096).ensureAlpha(0.7).webp({ quality: 40, effort: 0 }).toBuffer(),
  /** A photograph of 49 megapixels whose decoder keeps all coefficients. */
  photograph: () => noise(7000).jpeg({ quality: 20, progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  /** Worst to decode: interlaced, 16 bits, with alpha. */
  deep: () =>
    sharp({ create: { width: 7000, height: 7000, channels: 4, background: { r: 90, g: 60, b: 30, alpha: 0.5 } } })
      .toColourspace('rgb16')
      .png({ progressive: true, compressionLevel: 1 })
      .toBuffer(),
  animation: () => gifAnimation({ frames: 100, side: 700, disposal: 3 }),
};
const sourceFormats: Record<keyof typeof sources, FormatName> = {
  noise: 'jpeg',
  transparent: 'webp',
  photograph: 'jpeg',
  deep: 'png',
  animation: 'gif',
};

const best = { quality: 100, chromaSubsampling: '4:4:4' };
const round = { round: 'max', watermark: { image: WATERMARK, scale: 20, margin: 0, tile: true } };
const steps = [
  { progressive: true, ...best },
  { round: 'max' },
  { blur: 50 },
  { median: 9 },
  { sharpen: 10 },
  { contrast: 2 },
  { gamma: 2 },
  { tint: '#ff8800' },
  { hue: 20 },
  { normalise: true },
  { keepMetadata: 'all', keepProfile: true },
  { maxBytes: 1_000_000 },
];
const eight = Array.from({ length: 8 }, (_, at) => ({ name: `v${at}` }));

const starts: Record<string, Start> = {
  'any single JPEG': { source: 'noise', options: {}, more: steps },
  'any single WebP': {
    source: 'noise',
    options: { format: 'webp' },
    more: [{ effort: 6 }, { quality: 100 }, ...steps.slice(1)],
  },
  'eight variants': { source: 'noise', options: { variants: eight, ...best, progressive: true } },
  'eight variants of WebP': { source: 'noise', options: { variants: eight, format: 'webp', quality: 100 } },
  'three variants, decoded each': { source: 'deep', options: { variants: eight.slice(0, 3), gamma: 2 }, side: 512 },
  'watermark and round': { source: 'noise', options: { format: 'png', ...round } },
  'trim of 49 megapixels': { source: 'deep', options: { trim: 10 } },
  'trim and rotate of 49 megapixels': { source: 'photograph', options: { trim: 10, rotate: 90, flip: true } },
  'blur 50': { source: 'noise', options: { blur: 50 } },
  'median 9': { source: 'noise', options: { median: 9 } },
  'maxBytes, JPEG': { source: 'noise', options: { maxBytes: 1_000_000, progressive: true, ...best } },
  'maxBytes, WebP': { source: 'noise', options: { maxBytes: 100_000, format: 'webp', effort: 6 } },
  'maxBytes, AVIF': { source: 'noise', options: { maxBytes: 20_000, format: 'avif', ...best } },
  'AVIF effort 0': { source: 'noise', options: { format: 'avif', effort: 0, ...best } },
  'AVIF effort 0, transparent': { source: 'transparent', options: { format: 'avif', effort: 0, ...best } },
  'AVIF effort 2': { source: 'noise', options: { format: 'avif', ...best } },
  'AVIF effort 6': { source: 'noise', options: { format: 'avif', effort: 6, ...best } },
  'AVIF lossless': { source: 'noise', options: { format: 'avif', effort: 0, lossless: true } },
  'WebP lossless': { source: 'noise', options: { format: 'webp', lossless: true, effort: 6 } },
  'PNG with a palette': { source: 'noise', options: { format: 'png', colors: 256 } },
  GIF: { source: 'noise', options: { format: 'gif' } },
  'animated GIF': { source: 'animation', options: { animated: true, format: 'gif', fit: 'fill' } },
  'animated WebP': { source: 'animation', options: { animated: true, format: 'webp', fit: 'fill', quality: 100 } },
};

/** Returns the largest square results that the API accepts. `frames` is the number of frames of each. */
function fit(
  options: Record<string, unknown>,
  frames: number,
  most = 4096,
): { given: object; outputs: Output[] } | undefined {
  let [low, high] = [1, most];
  let found: { given: object; outputs: Output[] } | undefined;
  while (low <= high) {
    const side = Math.floor((low + high) / 2);
    // The API does not know the number of frames, so it checks results with as many pixels in one frame.
    const checked = toOutputs({ grayscale: false, ...options, width: side, height: side }, [WATERMARK]);
    const length = Math.max(1, Math.floor(side / Math.sqrt(frames)));
    const given = { grayscale: false, ...options, width: length, height: length };
    const result = toOutputs(given, [WATERMARK]);
    if ('outputs' in checked && 'outputs' in result) {
      found = { given, outputs: result.outputs };
      low = side + 1;
    } else high = side - 1;
  }
  return found;
}

const child = await createMeasuredChild();
const only = process.argv.slice(2);
for (const [name, { source, options, side: most, more = [] }] of Object.entries(starts)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const content = await sources[source]();
  const measure = async (candidate: Record<string, unknown>) => {
    const fitted = fit(candidate, source === 'animation' ? 100 : 1, most);
    if (!fitted) return undefined;
    // A part of the source as it is, since scaling down would remove the noise.
    const { width = 0 } = fitted.outputs[0]?.options ?? {};
    // Variants without it share one decode.
    for (const output of fitted.outputs.length > 1 ? [] : fitted.outputs) {
      if (source === 'noise' || source === 'transparent') output.options.crop = `0,0,${width},${width}`;
    }
    const { outcome, cpuSeconds = 0, peakMb = 0 } = await child.run(content, sourceFormats[source], fitted.outputs);
    const failure = outcome.kind === 'failed' ? outcome.failure.message : outcome.kind;
    console.error(`  ${failure} ${cpuSeconds.toFixed(1)} s, ${peakMb.toFixed(0)} MiB ${JSON.stringify(fitted.given)}`);
    return { cpuSeconds, peakMb, side: width, isMade: outcome.kind === 'made', candidate };
  };
  let worst = await measure(options);
  for (const step of more) {
    const tried = await measure({ ...worst?.candidate, ...step });
    if (tried?.isMade && tried.cpuSeconds > (worst?.cpuSeconds ?? 0)) worst = tried;
  }
  if (!worst) throw new Error(`the API accepts no size of ${name}`);
  const { cpuSeconds, peakMb, side, candidate } = worst;
  const found = more.length > 0 ? ` ${JSON.stringify(candidate)}` : '';
  console.log(`| ${name}${found} | ${side} | ${cpuSeconds.toFixed(1)} | ${peakMb.toFixed(0)} |`);
}
child.close();
