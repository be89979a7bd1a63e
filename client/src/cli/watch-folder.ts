import { resolve, sep } from 'node:path';
import { watch } from 'chokidar';

/** Notices new and changed files. */
export interface FolderWatch {
  /** Resolves when a file was added or changed since the last call. Rejects when the signal aborts. */
  nextChange(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is still being written is ignored until its size is stable for this time. */
const STABLE_MS = 300;

/** Watches files and folders. */
export async function watchPaths(
  paths: readonly string[],
  { recursive, outFolder, signal }: { recursive: boolean; outFolder: string; signal: AbortSignal },
): Promise<FolderWatch> {
  const watcher = watch(
    paths.map((path) => resolve(path)),
    {
      ignoreInitial: true,
      ignored: (path) => path === outFolder || path.startsWith(outFolder + sep),
      awaitWriteFinish: { stabilityThreshold: STABLE_MS, pollInterval: 100 },
      ...(recursive ? {} : { depth: 0 }),
    },
  );
  let hasChanged = false;
  let wake: () => void = () => undefined;
  const onChange = () => {
    hasChanged = true;
    wake();
  };
  watcher.on('add', onChange).on('change', onChange);
  await new Promise<void>((done) => watcher.once('ready', done));
  signal.addEventListener('abort', () => wake(), { once: true });
  return {
    async nextChange() {
      while (!hasChanged) {
        signal.throwIfAborted();
        await new Promise<void>((done) => {
          wake = done;
        });
      }
      signal.throwIfAborted();
      hasChanged = false;
    },
    close: () => watcher.close(),
  };
}
