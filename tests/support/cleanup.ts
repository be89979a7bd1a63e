import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Cleanup = () => unknown;

/** Cleanups after the running test, and after the last test of the file. */
const cleanups: { test: Cleanup[] | undefined; file: Cleanup[] } = { test: undefined, file: [] };

async function runAll(pending: Cleanup[] = []): Promise<void> {
  for (const cleanup of pending.splice(0).reverse()) await cleanup();
}

beforeEach(() => {
  cleanups.test = [];
});
// Processes that a test leaves running would slow down the next test.
afterEach(async () => {
  const pending = cleanups.test;
  cleanups.test = undefined;
  await runAll(pending);
});
afterAll(() => runAll(cleanups.file));

/**
 * Registers a cleanup, which runs whether the test passes or fails. It runs after the current test, or after all tests of the
 * file when it is registered outside a test. The latest registered cleanup runs first.
 */
export function onCleanup(cleanup: Cleanup): void {
  (cleanups.test ?? cleanups.file).push(cleanup);
}

/** Creates an empty folder, which is deleted after the current test, or after the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'image-service-'));
  onCleanup(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return folder;
}
