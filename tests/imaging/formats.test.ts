import { detectFormat } from '../../src/imaging/formats.ts';
import { formatNames } from '../../src/shared/setting-types.ts';
import { encoded } from '../support/images.ts';

test.each(formatNames)('detects %s by its first bytes, if it is accepted', async (name) => {
  const file = await encoded(name);
  expect(await detectFormat(file.subarray(0, 4100), formatNames)).toBe(name);
  expect(
    await detectFormat(
      file,
      formatNames.filter((other) => other !== name),
    ),
  ).toBeUndefined();
});

test.each([
  ['text', Buffer.from('hello')],
  ['nothing', Buffer.alloc(0)],
  ['a program', Buffer.from('\x7fELF\x02\x01\x01')],
  ['a page', Buffer.from('<!doctype html><html></html>')],
  ['a PNG signature without content', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
])('does not detect %s as an image', async (_, content) => {
  expect(await detectFormat(content, formatNames)).toBeUndefined();
});
