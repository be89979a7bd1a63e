import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Act = () => unknown;

/** What is to be undone after the test that runs, and after all tests of the file. */
const undo: { test: Act[] | undefined; file: Act[] } = { test: undefined, file: [] };

async function undoAll(acts: Act[] = []): Promise<void> {
  for (const act of acts.splice(0).reverse()) await act();
}

beforeEach(() => {
  undo.test = [];
});
// What a test has started must not take the next one's time.
afterEach(async () => {
  const acts = undo.test;
  undo.test = undefined;
  await undoAll(acts);
});
afterAll(() => undoAll(undo.file));

/** Remembers what must happen when the test that runs, or the file, is over, whatever the outcome; the latest happens first. */
export function onCleanup(act: Act): void {
  (undo.test ?? undo.file).push(act);
}

/** An empty folder that is gone after the test, or the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'image-service-'));
  onCleanup(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return folder;
}
