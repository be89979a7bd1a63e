import sharp from 'sharp';
import type { FormatName } from '../shared/setting-types.ts';
import { formats } from './formats.ts';

/**
 * Configures sharp for a process that processes one image at a time: only the loaders of the accepted formats, one libvips thread, and
 * no cache, since no operation repeats.
 */
export function configureSharp(accepted: readonly FormatName[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  // Watermarks, and intermediate images that keep their metadata, are PNG. A client cannot send one that is not accepted: `detectFormat`.
  sharp.unblock({ operation: [...formats.png.loaders, ...accepted.flatMap((name) => formats[name].loaders)] });
  sharp.concurrency(1);
  sharp.cache(false);
}
