import { scene } from '../images.ts';
import type { Material } from './actions.ts';

/** Creates the small images of the soak test. Some repeat, so that their results are reused. */
export async function createMaterial(): Promise<Pick<Material, 'images' | 'broken'>> {
  const [photo, large, png, webp] = [
    await (await scene(200, 150)).jpeg().toBuffer(),
    await (await scene(640, 480)).jpeg().toBuffer(),
    await (await scene(160, 120, { isTransparent: true })).png().toBuffer(),
    await (await scene(200, 150)).webp().toBuffer(),
  ];
  return {
    images: [photo, large, png, webp],
    broken: [large.subarray(0, large.length / 2), Buffer.from('GIF89a without any image')],
  };
}
