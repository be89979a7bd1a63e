import { spawnSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import { type Launcher, type TestProcess, until } from './processes.ts';

const MEBIBYTE = 1024 * 1024;

/**
 * Starts a process with its own file system of 8 MiB mounted on a folder. Other processes do not see it, and it disappears with
 * the process. A user namespace allows the mount without root.
 */
export function onSmallDisk(folder: string): Launcher {
  const mount = 'mount -t tmpfs -o size=8m none "$0" && exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mount, folder, process.execPath];
}

function whyImpossible(): string | undefined {
  const [program, ...args] = onSmallDisk('/tmp');
  const { status, stderr, error } = spawnSync(program, [...args, '--version'], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `a small disk needs Linux, unshare and unprivileged user namespaces: ${(error?.message ?? stderr).trim()}`;
}

/** `describe` for tests that need a small disk. */
export const describeOnSmallDisk = describeIf(whyImpossible());

/** Creates a folder on which a process can mount a small disk, and functions to control that disk. */
export async function smallDisk() {
  const folder = await temporaryFolder();
  // `temporaryFolder` removes the mount point. The disk itself disappears with its process.
  return {
    folder,
    launcher: onSmallDisk(folder),
    /** Path of the mounted disk, from outside the process's mount namespace. */
    seenBy: ({ child }: TestProcess) => `/proc/${child.pid}/root${folder}`,
    /** Starts another process with the same disk. */
    sharedWith: ({ child }: TestProcess): Launcher => [...inside(child), process.execPath],
    /** Makes the disk read-only, or writable again. Retries, since Linux refuses while a file is open for writing. */
    remount: ({ child }: TestProcess, mode: 'ro' | 'rw') =>
      until(() => {
        const [program, ...args] = inside(child);
        return spawnSync(program, [...args, 'mount', '-o', `remount,${mode}`, folder]).status === 0;
      }),
  };
}

/** Command prefix that runs a program in the namespaces of a process. */
function inside({ pid }: TestProcess['child']): [string, ...string[]] {
  return ['nsenter', '--target', String(pid), '--user', '--mount', '--preserve-credentials'];
}

export const FILLER = 'filler';

/**
 * Writes into a folder until its disk is full except for `leaveBytes`.
 *
 * @returns a function that frees the space again
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
  const freeSpace = () => rm(path, { force: true });
  onCleanup(freeSpace);
  return freeSpace;
}
