import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { onCleanup } from './cleanup.ts';
import { batchEnd, readJob, upload } from './client.ts';
import { jpeg } from './images.ts';
import { type TestProcess, until } from './processes.ts';

interface Row {
  pid: number;
  parent: number;
  command: string;
}

/** Lists the running processes, each with its parent. */
function processes(): Row[] {
  // On Linux read /proc: a minimal system has no `ps`.
  if (process.platform !== 'linux') {
    const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim();
    return table.split('\n').map((line) => {
      const [, pid, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return { pid: Number(pid), parent: Number(parent), command };
    });
  }
  return readdirSync('/proc').flatMap((name) => {
    try {
      // `pid (name) state parent …`. The name may contain spaces and parentheses.
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

function descendantRows(all: Row[], pid: number | undefined): Row[] {
  return all.filter((row) => row.parent === pid).flatMap((row) => [row, ...descendantRows(all, row.pid)]);
}

/** Returns the ids of all running descendants of a process. */
export function descendants(pid: number | undefined): number[] {
  return descendantRows(processes(), pid).map((row) => row.pid);
}

/** Returns the ids of a worker's children that process images, without other child processes. */
export function imageChildren(pid: number | undefined): number[] {
  return descendantRows(processes(), pid)
    .filter(({ command }) => /worker\/image-child\.[jt]s/.test(command))
    .map((row) => row.pid);
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/**
 * Pauses the child that processes an image, so that the image exceeds a time limit on a machine of any speed. Needs a worker
 * with `WORKER_CONCURRENCY=1`, and an image that takes more than 200 ms.
 *
 * @param forMs milliseconds; the service's time limit runs meanwhile
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
 * Pauses the child of a worker before its next image, so that this image stays active for as long as a test needs. Needs a
 * worker with `WORKER_CONCURRENCY=1`. A first batch shows that the worker's child has started; it is deleted again.
 *
 * @returns a function that resumes the child
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
