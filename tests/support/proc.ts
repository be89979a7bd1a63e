import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

// Figures of a process from /proc. They exist on Linux only. Elsewhere they are 0, so that no test sees an increase.

const isLinux = process.platform === 'linux';

/** Returns the number of open files and connections of a process. */
export function openDescriptors(pid: number | undefined): number {
  return isLinux ? readdirSync(`/proc/${pid}/fd`).length : 0;
}

/** Returns the bytes that a process has read from files and connections since its start. */
export function bytesRead(pid: number | undefined): number {
  if (!isLinux) return 0;
  return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** Returns the peak memory of a process in mebibytes. */
export function peakMemory(pid: number | undefined): number {
  return isLinux ? memory(pid, 'VmHWM') : 0;
}

/** Resets the peak memory of a process to its present memory, where the kernel allows it. Returns the peak in mebibytes. */
export function restartPeakMemory(pid: number | undefined): number {
  if (!isLinux) return 0;
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Without permission the peak so far stays the baseline.
  }
  return peakMemory(pid);
}

function memory(pid: number | undefined, line: string): number {
  const [, kibibytes] =
    new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
