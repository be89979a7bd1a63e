import { PAYLOAD_VERSION, payloadVersionOf } from '../../src/queue/payload-version.ts';

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
  ['a format of the second version', { format: 'avif' }, { formats: { avif: 2 } }, 2],
  ['an original of the second version', {}, { formats: { png: 2 } }, 2],
] as const)('gives a job with %s the lowest version that supports it', (_, options, added, version) => {
  expect(payloadVersionOf('png', [{ options: { width: 1 } }, { options }], known(added))).toBe(version);
});

test('supports every option and format of this version', () => {
  expect(
    payloadVersionOf('tiff', [{ options: { format: 'original', blur: 1, keepMetadata: true } }]),
  ).toBeLessThanOrEqual(PAYLOAD_VERSION);
});
