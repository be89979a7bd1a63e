import { type ImageOptions, optionDescriptions } from '../../src/imaging/options.ts';
import { PAYLOAD_VERSION, payloadVersionOf } from '../../src/queue/payload-version.ts';
import { formatNames } from '../../src/shared/setting-types.ts';

/** Returns the version that added each option and format: the given one, otherwise version 1. */
function known({ options = {}, formats = {} }: { options?: object; formats?: object }) {
  const first = (added: object) => new Proxy(added, { get: (target, name) => Reflect.get(target, name) ?? 1 });
  return { options: first(options), formats: first(formats) } as Parameters<typeof payloadVersionOf>[2];
}

test.each([
  ['no option', {}, {}, 1],
  ['options of the first version', { width: 64, format: 'webp' }, { options: { blur: 2 } }, 1],
  ['an option of the second version', { width: 64, blur: 1 }, { options: { blur: 2 } }, 2],
  ['options of several versions', { blur: 1, sharpen: 1 }, { options: { blur: 2, sharpen: 3 } }, 3],
  [
    'a new value of an old option',
    { rotate: 45 },
    { options: { rotate: (value: number) => (value === 45 ? 2 : 1) } },
    2,
  ],
  ['an original of the second version', {}, { formats: { png: 2 } }, 2],
] as const)('gives a job with %s the lowest version that supports it', (_, options, added, version) => {
  expect(payloadVersionOf('png', [{ options: { width: 1 } }, { options }], known(added))).toBe(version);
});

test.each<[ImageOptions, number]>([
  [{ width: 9, rotate: 90, quality: 80, keepMetadata: true, format: 'original' }, 1],
  [{ rotate: 45 }, 3],
  [{ quality: 'auto' }, 3],
  [{ keepMetadata: 'copyright' }, 3],
  [{ format: 'gif' }, 3],
  [{ flip: true }, 3],
])('gives %p the version %i', (options, version) => {
  expect(payloadVersionOf('tiff', [{ options }])).toBe(version);
});

test('supports every option and format of this version', () => {
  const options = Object.fromEntries(Object.keys(optionDescriptions).map((name) => [name, 'new']));
  for (const format of formatNames) expect(payloadVersionOf(format, [{ options }])).toBe(PAYLOAD_VERSION);
});
