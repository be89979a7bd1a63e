import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openJournal } from '../../client/src/cli/journal.ts';
import { createOutputNames } from '../../client/src/cli/output-names.ts';
import { temporaryFolder } from '../support/cleanup.ts';

const file = (source: string) => ({ source, size: 1, mtimeMs: 2, hash: 'h', target: source });
const planned = { type: 'planned', plan: 'p', salt: 's', options: '[]', files: [file('a'), file('b')] } as const;

test('reads what it has written, without half a line at the end', async () => {
  const path = join(await temporaryFolder(), 'journal');
  const first = await openJournal(path);
  await first.append({ ...planned, files: [...planned.files] });
  await first.append({ type: 'accepted', plan: 'p', batchId: 'batch', sources: ['a', 'b'] });
  await first.append({ type: 'saved', plan: 'p', source: 'a', jobId: 'job', outputs: ['a.jpg'] });
  await first.close();
  await appendFile(path, '{"type":"saved","plan":"p","source":"b","jobI');

  const second = await openJournal(path);
  await second.append({ type: 'gone', plan: 'p', sources: ['b'] });
  await second.close();
  const third = await openJournal(path);
  expect(third.planOf('a')?.files.get('a')).toMatchObject({ batchId: 'batch', jobId: 'job', outputs: ['a.jpg'] });
  expect(third.planOf('a')?.files.get('b')?.outputs).toBeUndefined();
  expect(third.planOf('b')).toBeUndefined();
  expect(Object.fromEntries(third.targets())).toEqual({ a: 'a', b: 'b' });
  await third.close();
});

test('gives each file a name of its own, and keeps it', () => {
  const names = createOutputNames(new Map([['old', 'a']]), ['small']);
  expect(names.targetOf('old', 'renamed.jpg')).toBe('a');
  expect(names.targetOf('1', 'a.jpg')).toBe('a.jpg');
  expect(names.targetOf('2', 'A.JPG')).toBe('A.JPG-2');
  expect(names.targetOf('3', 'sub/a.jpg')).toBe('sub/a');
  // The variant "small" of the first file has this name.
  expect(names.targetOf('4', 'a-small.png')).toBe('a-small.png');
  expect(names.targetOf('1', 'a.jpg')).toBe('a.jpg');
});
