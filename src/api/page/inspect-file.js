// Inspects a file before it is sent.

/** Bytes that are enough to recognize a file. */
const HEAD_BYTES = 4096;

const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** Returns the format of a file by its first bytes; `undefined` if it is none that the service knows. */
function detectFormat(head) {
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg';
  if (text(head, 1, 4) === 'PNG') return 'png';
  if (text(head, 0, 4) === 'GIF8') return 'gif';
  if (text(head, 0, 4) === 'RIFF' && text(head, 8, 12) === 'WEBP') return 'webp';
  if (['II*\0', 'MM\0*'].includes(text(head, 0, 4))) return 'tiff';
  if (text(head, 4, 8) !== 'ftyp') return undefined;
  const brands = text(head, 8, 40);
  if (/avi[fs]/.test(brands)) return 'avif';
  return /hei[cxms]|hev[cx]|mif1/.test(brands) ? 'heic' : undefined;
}

/** Checks whether a file has several frames, as far as its first bytes show. */
function isAnimated(format, head) {
  const all = text(head, 0, head.length);
  // Each frame of a GIF begins with a graphic control extension.
  if (format === 'gif') return all.split('\x21\xf9\x04').length > 2;
  if (format === 'webp') return text(head, 12, 16) === 'VP8X' && (head[20] & 2) !== 0;
  return format === 'png' && all.includes('acTL');
}

/**
 * Checks a file against the limits of the service.
 *
 * @returns `problem`: why it cannot be sent; `note`: what to know about it
 */
export async function inspectFile(file, { maxFileBytes, acceptedFormats }, format = (bytes) => `${bytes} bytes`) {
  if (file.size === 0) return { problem: 'is empty' };
  if (file.size > maxFileBytes) return { problem: `is larger than the limit of ${format(maxFileBytes)}` };
  let head;
  try {
    head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    return { problem: 'cannot be read; it may have been moved or deleted' };
  }
  const type = detectFormat(head);
  if (type === 'heic' && !acceptedFormats.includes('heic')) {
    return {
      problem:
        'is a HEIC, which this service does not accept. Export it as JPEG, or set an iPhone to Settings, Camera, Formats, Most Compatible',
    };
  }
  if (!type || !acceptedFormats.includes(type)) {
    const names = acceptedFormats.map((name) => name.toUpperCase());
    return { problem: `is not an image of an accepted format (${names.join(', ')})` };
  }
  return isAnimated(type, head) ? { note: 'animation' } : {};
}
