import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { onCleanup } from './cleanup.ts';
import { batchEnd, readJob, upload } from './client.ts';
import { jpeg } from './pictures.ts';
import { type TestProcess, until } from './processes.ts';

interface Row {
  pid: number;
  parent: number;
  command: string;
}

/** Every process that lives, with its parent. */
function processes(): Row[] {
  // A small Linux has no `ps`.
  if (process.platform !== 'linux') {
    const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim();
    return table.split('\n').map((line) => {
      const [, pid, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return { pid: Number(pid), parent: Number(parent), command };
    });
  }
  return readdirSync('/proc').flatMap((name) => {
    try {
      // `pid (name) state parent …`; the name may hold spaces and parentheses.
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      return [];
    }
  });
}

function below(all: Row[], pid: number | undefined): Row[] {
  return all.filter((row) => row.parent === pid).flatMap((row) => [row, ...below(all, row.pid)]);
}

/** Ids of the processes that a process started, and that those started, as far as they live. */
export function descendants(pid: number | undefined): number[] {
  return below(processes(), pid).map((row) => row.pid);
}

/** Ids of a worker's children that process images, and of nothing else that its tools have started. */
export function imageChildren(pid: number | undefined): number[] {
  return below(processes(), pid)
    .filter(({ command }) => /worker\/image-child\.[jt]s/.test(command))
    .map((row) => row.pid);
}

/** Whether a process lives. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Stops the child that processes an image for a while, so that the image outlasts a time limit on a machine of any speed. Needs
 * a worker with one slot, and an image that takes more than 200 ms.
 *
 * @param forMs milliseconds; the child's own clock goes on meanwhile
 */
export async function holdChild(
  worker: TestProcess,
  { api, jobId, forMs }: { api: string; jobId: string; forMs: number },
): Promise<void> {
  await until(async () => (await readJob(api, jobId)).progress === 10);
  const [child = Number.NaN] = imageChildren(worker.child.pid);
  process.kill(child, 'SIGSTOP');
  await delay(forMs);
  process.kill(child, 'SIGCONT');
}

/**
 * Stops the child of a worker with one slot before its next image, so that this image is active for as long as a test needs. The
 * batch that makes the worker start its child is deleted again.
 *
 * @returns lets the child go on
 */
export async function holdNextImage(worker: TestProcess, api: string): Promise<() => void> {
  const batchId = await upload(api, ['first.jpg', await jpeg(64, 64)]);
  await batchEnd(api, batchId);
  await fetch(`${api}/batches/${batchId}`, { method: 'DELETE' });
  const [child = Number.NaN] = imageChildren(worker.child.pid);
  const release = () => void (isAlive(child) && process.kill(child, 'SIGCONT'));
  process.kill(child, 'SIGSTOP');
  onCleanup(release);
  return release;
}
