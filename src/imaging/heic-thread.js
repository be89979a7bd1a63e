// @ts-check
import { parentPort, workerData } from 'node:worker_threads';
import createLibheif from 'libheif-js/libheif-wasm/libheif-bundle.mjs';
import { storedBytes, storeRows } from './store-rows.js';

// Entry point of the thread that decodes one HEIC. libheif has no asynchronous functions: in the main thread of the child, the timers
// of the time limit and the memory limit would not run until it returns. This is JavaScript because threads do not inherit tsx.

/** @import { Libheif } from 'libheif-js/libheif-wasm/libheif-bundle.mjs' */
/** @import { DecodedHeic, HeicJob } from './heic.ts' */

/** Values of libheif's enumerations, which are part of its binary interface. */
const RGB = 1;
const INTERLEAVED_RGB = 10;
const INTERLEAVED_RGBA = 11;
const INTERLEAVED = 10;
/** Position of `strict_decoding` in `heif_decoding_options`. */
const STRICT_DECODING = 21;
/** Position of `max_image_size_pixels`, a number of 64 bits, in `heif_security_limits`. */
const MAX_IMAGE_SIZE_PIXELS = 8;
/** Colour primaries of Display P3 (ITU-T H.273, table 2). */
const DISPLAY_P3 = 12;

/**
 * Decodes the primary image, with its rotation, its mirroring and its crop applied.
 *
 * @param {Libheif} libheif
 * @param {HeicJob} job
 * @returns {DecodedHeic}
 */
function decode(libheif, { file, width, height, maxPixels, headBytes, tailBytes }) {
  // Nothing is freed: the memory of the module ends with the thread.
  const error = libheif._malloc(12);
  const out = libheif._malloc(4);
  const read = (/** @type {number} */ pointer) => libheif.HEAPU32[pointer >> 2] ?? 0;
  const hasFailed = () => read(error) !== 0;
  const check = () => {
    if (hasFailed()) throw new Error(readText(libheif, read(error + 8)));
  };

  const bytes = libheif._malloc(file.length);
  libheif.HEAPU8.set(file, bytes);
  const context = libheif._heif_context_alloc();
  const limit = libheif._heif_context_get_security_limits(context) + MAX_IMAGE_SIZE_PIXELS;
  libheif.HEAPU32.set([maxPixels, 0], limit >> 2);
  libheif._heif_context_read_from_memory_without_copy(error, context, bytes, file.length, 0);
  check();
  libheif._heif_context_get_primary_image_handle(error, context, out);
  check();
  const handle = read(out);
  requireSize(libheif._heif_image_handle_get_width(handle), libheif._heif_image_handle_get_height(handle));

  libheif._heif_image_handle_get_nclx_color_profile(error, handle, out);
  const isDisplayP3 = !hasFailed() && read(read(out) + 4) === DISPLAY_P3;

  const hasAlpha = libheif._heif_image_handle_has_alpha_channel(handle) !== 0;
  const options = libheif._heif_decoding_options_alloc();
  // Otherwise a grid with missing cells would become an image with holes.
  libheif.HEAPU8[options + STRICT_DECODING] = 1;
  libheif._heif_decode_image(error, handle, out, RGB, hasAlpha ? INTERLEAVED_RGBA : INTERLEAVED_RGB, options);
  check();
  const image = read(out);
  requireSize(libheif._heif_image_get_width(image, INTERLEAVED), libheif._heif_image_get_height(image, INTERLEAVED));

  const plane = libheif._heif_image_get_plane_readonly(image, INTERLEAVED, out);
  const stride = read(out);
  const channels = hasAlpha ? 4 : 3;
  const rowBytes = width * channels;
  const bytesOfRows = storedBytes(rowBytes, height);
  const buffer = new Uint8Array(headBytes + bytesOfRows + tailBytes);
  const { HEAPU8 } = libheif;
  storeRows(buffer.subarray(headBytes, headBytes + bytesOfRows), rowBytes, height, (row) => {
    const start = plane + row * stride;
    return HEAPU8.subarray(start, start + rowBytes);
  });
  return { buffer, channels, isDisplayP3 };

  /**
   * The limits were checked for the size that libvips reads. Its libheif is of another version.
   *
   * @param {number} foundWidth
   * @param {number} foundHeight
   */
  function requireSize(foundWidth, foundHeight) {
    if (foundWidth === width && foundHeight === height) return;
    throw new Error(`has ${foundWidth}×${foundHeight} pixels instead of ${width}×${height}`);
  }
}

/**
 * Reads a text of C.
 *
 * @param {Libheif} libheif
 * @param {number} pointer
 */
function readText({ HEAPU8 }, pointer) {
  return Buffer.from(HEAPU8.subarray(pointer, HEAPU8.indexOf(0, pointer))).toString();
}

const ignore = () => {};
const decoded = decode(createLibheif({ print: ignore, printErr: ignore }), workerData);
parentPort?.postMessage(decoded, [decoded.buffer.buffer]);
