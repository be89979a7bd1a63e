import sharp from 'sharp';
import type { Problem } from '../../src/api/http/problem.ts';
import type { AcceptedBatch } from '../../src/api/routes/accepted-batch.ts';
import { faultTest } from '../support/fault.ts';
import { jpeg, testImage } from '../support/images.ts';
import { ownService } from '../support/service.ts';

/** A marker in all foreign content. No result may contain it. */
const MARK = 'alert(document.domain)';
const SCRIPT = `<html><body><script>${MARK}</script></body></html>`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>${MARK}</script></svg>`;

const bytes = (text: string) => Buffer.from(text, 'latin1');
const small = () => testImage(64, 48);

/** Uploads a file with the name and the media type of a JPEG, and waits until the batch has ended. */
function sendAsJpeg(api: string, content: Buffer): Promise<Response> {
  const body = new FormData();
  body.append('images', new Blob([new Uint8Array(content)], { type: 'image/jpeg' }), 'x.jpg');
  return fetch(`${api}/process-images`, { method: 'POST', body, headers: { Prefer: 'wait=60' } });
}

/** Creates a HEIC: an AVIF with another brand in its header. */
async function heic(): Promise<Buffer> {
  const file = await small().avif({ effort: 0 }).toBuffer();
  return bytes(file.toString('latin1').replaceAll('avif', 'heic').replaceAll('mif1', 'heic'));
}

async function unsupportedFiles(): Promise<Record<string, Buffer>> {
  return {
    SVG: bytes(SVG),
    'SVG after a declaration': bytes(
      `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>${SVG}`,
    ),
    PDF: bytes(`%PDF-1.7\n1 0 obj <</Type /Catalog /OpenAction <</S /JavaScript /JS (${MARK})>>>> endobj\n%%EOF`),
    TIFF: await small().tiff().toBuffer(),
    'libvips, big-endian': Buffer.concat([Buffer.from('b6a6f208', 'hex'), Buffer.alloc(4096)]),
    'libvips, little-endian': Buffer.concat([Buffer.from('08f2a6b6', 'hex'), Buffer.alloc(4096)]),
    HTML: bytes(SCRIPT),
    ZIP: Buffer.concat([bytes('PK\x03\x04\x0a\0'), Buffer.alloc(20), bytes(SCRIPT)]),
    ICO: Buffer.concat([Buffer.from('00000100010010100000010020006804000016000000', 'hex'), Buffer.alloc(1128)]),
    BMP: Buffer.concat([bytes('BM'), Buffer.alloc(200)]),
    HEIC: await heic(),
    'JPEG 2000': Buffer.concat([
      Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220', 'hex'),
      Buffer.alloc(200),
    ]),
    'JPEG XL': Buffer.concat([Buffer.from('ff0a', 'hex'), Buffer.alloc(200)]),
    PostScript: bytes('%!PS-Adobe-3.0 EPSF-3.0\n(w) file\n'),
    'ImageMagick’s language': bytes(
      'push graphic-context\nfill \'url(https://example.org/"|id")\'\npop graphic-context',
    ),
    'an image after a byte that it does not begin with': Buffer.concat([bytes(' '), await jpeg(32, 32)]),
  };
}

faultTest(
  'SVG, PDF, TIFF, HEIC, BMP, ICO, ZIP, HTML and others, with the name and the media type of a JPEG',
  '415 at the upload: the content decides, not the name',
  async () => {
    const { startApi } = await ownService();
    const api = await startApi();
    const files = Object.entries(await unsupportedFiles());
    for (const [name, content] of files) {
      const response = await sendAsJpeg(api.url, content);
      expect([name, response.status]).toEqual([name, 415]);
      expect(((await response.json()) as Problem).code).toBe('UNSUPPORTED_IMAGE_TYPE');
    }
    return `all ${files.length} refused`;
  },
);

/** Images that are also valid in another format, each with its image type. */
async function polyglots(): Promise<[type: string, content: Buffer][]> {
  const photo = await small().jpeg().toBuffer();
  const animation = await small().gif().toBuffer();
  const zip = Buffer.concat([bytes('PK\x03\x04\x0a\0'), Buffer.alloc(20), bytes(SCRIPT)]);
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, SCRIPT.length + 2]), bytes(SCRIPT)]);
  const exif = { IFD0: { ImageDescription: SCRIPT, Copyright: SVG } };
  // Insert after the screen descriptor and the palette. The low bits of the eleventh byte contain the palette's size.
  const afterPalette = 13 + 3 * 2 ** (1 + (Number(animation[10]) & 7));
  const extension = Buffer.concat([Buffer.from([0x21, 0xfe, MARK.length]), bytes(MARK), Buffer.from([0])]);
  return [
    ['image/jpeg', Buffer.concat([photo, bytes(SCRIPT)])],
    ['image/jpeg', Buffer.concat([photo, zip])],
    ['image/jpeg', Buffer.concat([photo.subarray(0, 2), comment, photo.subarray(2)])],
    ['image/jpeg', await small().withExif(exif).jpeg().toBuffer()],
    ['image/gif', Buffer.concat([animation.subarray(0, afterPalette), extension, animation.subarray(afterPalette)])],
    ['image/png', Buffer.concat([await small().png().toBuffer(), bytes(SVG)])],
    ['image/webp', Buffer.concat([await small().webp().toBuffer(), zip])],
  ];
}

faultTest(
  'Images that are also an HTML page, a script or a ZIP: appended, in a comment, in EXIF',
  'The result is a new JPEG without the foreign content; the original is served with its own image type and headers that forbid scripts',
  async () => {
    const { startApi, startWorker } = await ownService();
    const [{ url }] = [await startApi(), await startWorker()];
    const files = await polyglots();
    for (const [type, content] of files) {
      expect(content.includes(MARK)).toBe(true);
      const { files: [ended] = [] } = (await (await sendAsJpeg(url, content)).json()) as AcceptedBatch;
      expect(ended).toMatchObject({ state: 'completed', failedReason: null });
      const result = await fetchInert(`${url}/jobs/${ended?.jobId}/result`, 'image/jpeg');
      expect(result.includes(MARK)).toBe(false);
      // The file ends with the JPEG's end marker.
      expect(result.subarray(-2).toString('hex')).toBe('ffd9');
      expect(await sharp(result).metadata()).toMatchObject({ format: 'jpeg', width: 512, channels: 1 });
      expect((await fetchInert(`${url}/jobs/${ended?.jobId}/original`, type)).equals(content)).toBe(true);
    }
    return `${files.length} results without foreign content, ${files.length} originals with these headers`;
  },
);

/** Fetches an image and expects headers that keep a browser from interpreting it as anything else. */
async function fetchInert(url: string, type: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': type,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  });
  return Buffer.from(await response.arrayBuffer());
}
