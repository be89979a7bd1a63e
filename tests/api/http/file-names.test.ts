import { lastPart, resultFileName, uniqueNames } from '../../../src/api/http/file-names.ts';

test.each([
  ['A: sunset.jpg', 'A_ sunset.jpg'],
  ['a:b', 'a_b'],
  ['C:\\Users\\me\\photo.jpg', 'photo.jpg'],
  ['<"what?">|*.jpg', '__what_____.jpg'],
  ['tab\tand\0nul\x7f.jpg', 'tabandnul.jpg'],
  ['line\u2028break.jpg', 'linebreak.jpg'],
  ['right-to-left\u202e\u061cgpj.exe', 'right-to-leftgpj.exe'],
  ['CON', '_CON'],
  ['nul.tar.gz', '_nul.tar.gz'],
  ['Com1 .jpg', '_Com1 .jpg'],
  ['LPT².jpg', '_LPT².jpg'],
  ['console.jpg', 'console.jpg'],
  ['photo.. .', 'photo'],
  ['...', 'image'],
  ['a/', 'image'],
  ['e\u0301.jpg', '\u00e9.jpg'],
  ['می\u200cخواهم 👨‍👩‍👧.jpg', 'می\u200cخواهم 👨‍👩‍👧.jpg'],
])('saves %j as %j', (originalName, saved) => {
  expect(lastPart(originalName)).toBe(saved);
});

test('limits a name to 200 bytes, even if normalization makes it longer', () => {
  const name = lastPart(`${'\u0958'.repeat(66)}.jpg`);
  expect(name).toMatch(/^(\u0915\u093c?)+\.jpg$/);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
});

test('names a result after its original, with the variant and the extension of the result', () => {
  expect(resultFileName('CON.png', 'jpeg')).toBe('_CON.jpg');
  expect(resultFileName('photo.', 'webp', 'small')).toBe('photo-small.webp');
});

test.each([
  ['a.jpg', 'A.JPG'],
  ['straße.jpg', 'STRASSE.jpg'],
  ['ΟΔΟΣ.jpg', 'οδοσ.jpg'],
  ['\u01f0.jpg', 'J\u030c.jpg'],
  ['a.jpg', 'a\u200b.jpg'],
])('numbers the names %j and %j, which some file systems or readers treat as equal', (first, second) => {
  expect(uniqueNames([first, second])).toEqual([first, second.replace('.', ' (2).')]);
});
