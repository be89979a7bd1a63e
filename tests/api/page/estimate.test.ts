import { imageOptions } from '../../../src/imaging/options.ts';
import { processImage } from '../../../src/imaging/pipeline.ts';
import { formatNames } from '../../../src/shared/setting-types.ts';
import { jpeg } from '../../support/images.ts';

// The page is plain JavaScript, which has no types.
const file: string = '../../../src/api/page/estimate.js';
const { estimateSize } = await import(file);

const limits = { acceptedFormats: formatNames, maxPixels: 50_000_000, maxFrames: 1 };

test.each([
  {},
  { width: 100 },
  { height: 100 },
  { width: 100, height: 100 },
  { width: 33, dpr: 1.5, pad: '3,5' },
  { width: 100, height: 50, fit: 'contain' },
  { width: 100, height: 50, fit: 'inside' },
  { width: 100, height: 50, fit: 'outside' },
  { width: 100, height: 50, fit: 'fill' },
  { width: 400, enlarge: false },
  { width: 400, height: 100, enlarge: false },
  { width: 400, height: 400, enlarge: false, fit: 'contain' },
  { width: 400, height: 400, enlarge: false, fit: 'outside' },
  { width: 400, height: 100, enlarge: false, fit: 'fill' },
  { width: 400, height: 100, enlarge: false, focus: '10,20' },
  { width: 90, height: 100, focus: '10,20' },
  { rotate: 90 },
  { rotate: -180, width: 70 },
  { rotate: 30, width: 150 },
  { crop: '10,20,50,60' },
  { crop: '50%,50%,100%,100', width: 40, pad: '1,2,3,4' },
  { crop: '0,0,10%,10%', enlarge: false, rotate: 270 },
])('the page estimates the size of the result with %j', async (given) => {
  const { images } = await processImage(await jpeg(240, 160), limits, [imageOptions.parse(given)]);
  expect(estimateSize({ width: 240, height: 160 }, given)).toEqual({
    width: images[0]?.width,
    height: images[0]?.height,
  });
});

test('the page estimates no size with a crop outside of the image', () => {
  expect(estimateSize({ width: 240, height: 160 }, { crop: '300,0,10,10' })).toBeUndefined();
});
