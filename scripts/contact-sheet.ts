import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import sharp from 'sharp';
import { projectRoot } from '../src/shared/setting-types.ts';

// Writes docs/images/operations.jpg: one image, made by a running service once for each option.
// Usage: npx tsx scripts/contact-sheet.ts [http://localhost:3000]

const SOURCE = 'docs/images/before.jpg';
const TARGET = 'docs/images/operations.jpg';
const WIDTH = 168;
const HEIGHT = 138;
const LABEL = 18;
const GAP = 8;
const COLUMNS = 6;
/** Most variants of one upload. */
const PER_UPLOAD = 8;
const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

/** The options of each tile. Without another size it is as wide as the tile. */
const tiles: Record<string, unknown>[] = [
  {},
  { grayscale: true },
  { width: 120, height: 120 },
  { width: 160, height: 60, focus: '50,20' },
  { width: 160, height: 130, fit: 'contain', background: '#335577' },
  { crop: '25%,25%,50%,50%' },
  { flip: true },
  { flop: true },
  { rotate: 90, width: 100 },
  { rotate: 15, background: '#ffffff' },
  { round: 24 },
  { width: 130, height: 130, round: 'max' },
  { width: 140, pad: '10,14', background: '#ffcc00' },
  { brightness: 1.5 },
  { lightness: -20 },
  { contrast: 1.8 },
  { saturation: 2.5 },
  { hue: 120 },
  { gamma: 2.4 },
  { normalise: true },
  { tint: '#ff8800' },
  { threshold: 110 },
  { negate: true },
  { blur: 3 },
  { sharpen: 3 },
  { median: 7 },
  { watermark: { text: '© A. Author', opacity: 0.9, scale: 60, margin: 6 } },
  { watermark: { text: 'draft', opacity: 0.5, scale: 30, margin: 14, tile: true } },
  { quality: 5 },
  { format: 'gif', colors: 6 },
];

const origin = process.argv[2] ?? 'http://localhost:3000';

/** Returns the results of some tiles. */
async function makeResults(some: readonly Record<string, unknown>[]): Promise<Uint8Array[]> {
  const variants = some.map((options, at) => ({
    name: `v${at}`,
    width: 160,
    grayscale: false,
    quality: 90,
    ...options,
  }));
  const body = new FormData();
  body.append('images', new Blob([await readFile(resolve(projectRoot, SOURCE))]), 'image.jpg');
  body.append('variants', JSON.stringify(variants));
  const response = await fetch(`${origin}/process-images`, { method: 'POST', body, headers: { Prefer: 'wait=60' } });
  const batch = (await response.json()) as {
    detail?: string;
    files?: { failedReason: string | null; result: { outputs: { resultUrl: string }[] } | null }[];
  };
  const [file] = batch.files ?? [];
  if (!file?.result) throw new Error(batch.detail ?? file?.failedReason ?? `${origin} has no result after a minute`);
  return Promise.all(
    file.result.outputs.map(
      async ({ resultUrl }) => new Uint8Array(await (await fetch(origin + resultUrl)).arrayBuffer()),
    ),
  );
}

/** Draws a tile: the result above the options that made it. */
async function drawTile(result: Uint8Array, options: Record<string, unknown>): Promise<Buffer> {
  const entries = Object.entries(options).map(([name, value]) =>
    typeof value === 'object' ? `${name}: ${Object.keys(value as object).join(' ')}` : `${name}=${value}`,
  );
  const text = entries.join(' ').replace(/[&<>]/g, '') || 'grayscale=false';
  const image = await sharp(result)
    .resize({ width: WIDTH - 8, height: HEIGHT - LABEL, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer({ resolveWithObject: true });
  const label = await sharp({ text: { text, font: 'DejaVu Sans 8', fontfile: font, rgba: true, dpi: 72 } })
    .resize({ width: WIDTH - 8, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer();
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#e8e8e8' } })
    .composite([
      {
        input: image.data,
        left: Math.floor((WIDTH - image.info.width) / 2),
        top: Math.floor((HEIGHT - LABEL - image.info.height) / 2),
      },
      { input: label, left: 4, top: HEIGHT - LABEL + 3 },
    ])
    .png()
    .toBuffer();
}

const drawn: Buffer[] = [];
for (let at = 0; at < tiles.length; at += PER_UPLOAD) {
  const some = tiles.slice(at, at + PER_UPLOAD);
  const results = await makeResults(some);
  for (const [index, result] of results.entries()) drawn.push(await drawTile(result, some[index] ?? {}));
}
const rows = Math.ceil(drawn.length / COLUMNS);
const [width, height] = [COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP];
const sheet = sharp({ create: { width, height, channels: 3, background: '#ffffff' } }).composite(
  drawn.map((input, at) => ({
    input,
    left: GAP + (at % COLUMNS) * (WIDTH + GAP),
    top: GAP + Math.floor(at / COLUMNS) * (HEIGHT + GAP),
  })),
);
await writeFile(resolve(projectRoot, TARGET), await sheet.jpeg({ quality: 82 }).toBuffer());
console.log(`Wrote ${TARGET} with ${drawn.length} tiles.`);
