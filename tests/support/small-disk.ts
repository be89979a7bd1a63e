import { spawnSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import { type Launcher, type TestProcess, until } from './processes.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * Starts a process that finds a file system of its own, of 8 MiB, in a folder. Nobody else sees it, and it is gone with the
 * process. A user namespace makes that possible without being root.
 */
export function onSmallDisk(folder: string): Launcher {
  const mount = 'mount -t tmpfs -o size=8m none "$0" && exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mount, folder, process.execPath];
}

function whyImpossible(): string | undefined {
  const [program, ...args] = onSmallDisk('/tmp');
  const { status, stderr, error } = spawnSync(program, [...args, '--version'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `a small disk takes Linux, unshare and unprivileged user namespaces: ${(error?.message ?? stderr).trim()}`;
}

/** `describe` for tests on a small disk. */
export const describeOnSmallDisk = describeIf(whyImpossible());

/** An empty folder and what to do with the disk that a process finds there. */
export async function smallDisk() {
  const folder = await temporaryFolder();
  // `temporaryFolder` removes what is seen from here; the disk itself ends with its process.
  return {
    folder,
    launcher: onSmallDisk(folder),
    /** The same folder as the process sees it. */
    seenBy: ({ child }: TestProcess) => `/proc/${child.pid}/root${folder}`,
    /** Starts another process that finds the same disk there. */
    sharedWith: ({ child }: TestProcess): Launcher => [...inside(child), process.execPath],
    /** Makes the disk read-only, or writable again, as a process sees it. Linux refuses while a file is open for writing. */
    remount: ({ child }: TestProcess, mode: 'ro' | 'rw') =>
      until(() => {
        const [program, ...args] = inside(child);
        return spawnSync(program, [...args, 'mount', '-o', `remount,${mode}`, folder]).status === 0;
      }),
  };
}

/** Runs a program in the namespaces of a process. */
function inside({ pid }: TestProcess['child']): [string, ...string[]] {
  return ['nsenter', '--target', String(pid), '--user', '--mount', '--preserve-credentials'];
}

/** Name of the file that fills a disk. */
export const FILLER = 'filler';

/**
 * Writes into a folder until its disk is full, but for so many bytes.
 *
 * @returns makes room again
 */
export async function fillDisk(folder: string, leaveBytes = 0): Promise<() => Promise<void>> {
  const path = join(folder, FILLER);
  const file = await open(path, 'w');
  let size = 0;
  for (const step of [Buffer.alloc(MEBIBYTE / 4), Buffer.alloc(4096)]) {
    const write = () =>
      file.write(step).then(
        ({ bytesWritten }) => bytesWritten,
        () => 0,
      );
    for (let written = await write(); written > 0; written = await write()) size += written;
  }
  await file.truncate(size - Math.floor(leaveBytes));
  await file.close();
  const makeRoom = () => rm(path, { force: true });
  onCleanup(makeRoom);
  return makeRoom;
}
