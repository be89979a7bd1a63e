import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { projectRoot } from '../src/shared/setting-types.ts';

// tsx scripts/readme-images.ts [URL of a running service]: creates the two example images of the documentation.

const service = process.argv[2] ?? 'http://localhost:3000';
const before = join(projectRoot, 'docs/images/before.jpg');

const scene = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#1d4e89"/><stop offset=".6" stop-color="#f79256"/><stop offset="1" stop-color="#fbd1a2"/></linearGradient>
    <linearGradient id="sea" x2="0" y2="1"><stop stop-color="#f79256"/><stop offset="1" stop-color="#0b3954"/></linearGradient>
  </defs>
  <rect width="1200" height="800" fill="url(#sky)"/>
  <circle cx="820" cy="420" r="90" fill="#ffe8b6"/>
  <path d="M0 470 Q180 250 380 430 T760 400 T1200 360 V560 H0Z" fill="#5c4d7d"/>
  <path d="M0 520 Q260 380 520 500 T1200 470 V580 H0Z" fill="#3a2e55"/>
  <rect y="555" width="1200" height="245" fill="url(#sea)"/>
  <g stroke="#ffe8b6" stroke-width="6" opacity=".6"><path d="M740 590h160M700 630h210M760 670h150M720 715h130"/></g>
  <path d="M230 640h190l-35 45H262Z" fill="#7d1d3f"/><path d="M325 470v160M325 480l85 135h-85Z" fill="#fff3e0" stroke="#3a2e55" stroke-width="6"/>
</svg>`;

// Like a photograph from a phone: the pixels are rotated, and the EXIF orientation says so.
await sharp(await sharp(Buffer.from(scene)).rotate(-90).png().toBuffer())
  .withMetadata({ orientation: 6 })
  .jpeg({ quality: 85 })
  .toFile(before);

const form = new FormData();
form.append('images', new Blob([await readFile(before)]), 'before.jpg');
const upload = await fetch(`${service}/process-images`, { method: 'POST', body: form });
const { statusUrl } = (await upload.json()) as { statusUrl: string };
for (;;) {
  const batch = (await (await fetch(service + statusUrl)).json()) as {
    status: string;
    files: { result: { outputPath: string } }[];
  };
  if (batch.status === 'completed') {
    await copyFile(
      join(projectRoot, batch.files[0]?.result.outputPath ?? ''),
      join(projectRoot, 'docs/images/after.jpg'),
    );
    break;
  }
  await delay(100);
}
