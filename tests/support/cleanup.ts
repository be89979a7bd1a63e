import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const undo: (() => unknown)[] = [];

/** Remembers what must happen when the tests of this file are over, whatever their outcome; the latest happens first. */
export function onCleanup(act: () => unknown): void {
  undo.push(act);
}

afterAll(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

/** An empty folder that is gone after the tests of this file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'image-service-'));
  onCleanup(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
