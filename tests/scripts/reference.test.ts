import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REFERENCE_FOLDER, referenceFiles } from '../../scripts/reference/files.ts';
import { optionDescriptions } from '../../src/imaging/options.ts';
import { errorTypes } from '../../src/shared/errors.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { settingDescriptions } from '../../src/shared/settings.ts';

const files = referenceFiles();
const read = (path: string) => readFile(join(projectRoot, path), 'utf8');

/** Returns the cells of each table row that begins with a name in code format. */
async function rowsOf(page: string): Promise<string[][]> {
  const rows = (await read(join(REFERENCE_FOLDER, page))).matchAll(/^\| `(.+?)` \| (.*) \|$/gm);
  return Array.from(rows, ([, name = '', cells = '']) => [name, ...cells.split(' | ')]);
}

test.each(Object.keys(files))('%s is up to date (run `npm run docs` if it is not)', async (path) => {
  expect(await read(path)).toBe(files[path]);
});

test('the reference folder contains no other files', async () => {
  const paths = (await readdir(join(projectRoot, REFERENCE_FOLDER))).map((name) => join(REFERENCE_FOLDER, name));
  expect(paths.sort()).toEqual(
    Object.keys(files)
      .filter((path) => path.startsWith(REFERENCE_FOLDER))
      .sort(),
  );
});

test('configuration.md lists every setting with its default and meaning', async () => {
  const rows = await rowsOf('configuration.md');
  expect(rows.map(([name, , meaning]) => [name, meaning])).toEqual(Object.entries(settingDescriptions));
  expect(rows).toContainEqual(['PORT', '`3000`', settingDescriptions.PORT]);
  expect(rows).toContainEqual(['API_KEYS', '*(empty)*', settingDescriptions.API_KEYS]);
});

test('options.md lists every option with its values, default and meaning', async () => {
  const rows = await rowsOf('options.md');
  const options = rows.slice(0, -2);
  expect(options.map(([name, , , meaning]) => [name, meaning])).toEqual(Object.entries(optionDescriptions));
  expect(options).toContainEqual([
    'quality',
    'a whole number from 1 to 100, or auto',
    '`80`',
    optionDescriptions.quality,
  ]);
  expect(rows.slice(-2).map(([name]) => name)).toEqual(['variants', 'preset']);
});

test('api.md lists every error with its status', async () => {
  const rows = await rowsOf('api.md');
  for (const [code, { status }] of Object.entries(errorTypes)) {
    expect(rows).toContainEqual([code, String(status), expect.stringMatching(/\w/)]);
  }
});
