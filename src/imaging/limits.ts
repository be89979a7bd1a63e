import type { FormatName } from '../shared/setting-types.ts';
import type { Watermarks } from './overlays.ts';

/** Limits and watermarks of the operator. */
export interface ImagingLimits {
  acceptedFormats: readonly FormatName[];
  /** Maximum number of pixels to decode. */
  maxPixels: number;
  /** Maximum frames of an animation. */
  maxFrames: number;
  /** Without it there are no watermarks with an image. */
  watermarks?: Watermarks;
}
