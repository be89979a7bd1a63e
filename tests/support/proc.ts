import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

// What the kernel knows of a process. Only Linux tells; elsewhere the answer is 0, so that nothing is found to have grown.

const isKnown = process.platform === 'linux';

/** Files and connections that a process has open. */
export function openDescriptors(pid: number | undefined): number {
  return isKnown ? readdirSync(`/proc/${pid}/fd`).length : 0;
}

/** Bytes that a process has read so far, from files and connections. */
export function bytesRead(pid: number | undefined): number {
  if (!isKnown) return 0;
  return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** Most memory that a process has held so far, in mebibytes. */
export function peakMemory(pid: number | undefined): number {
  return isKnown ? memory(pid, 'VmHWM') : 0;
}

/** Makes what a process holds now the most that it has held, where the kernel lets us, and returns that in mebibytes. */
export function restartPeakMemory(pid: number | undefined): number {
  if (!isKnown) return 0;
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // The most so far is then what counts from here on.
  }
  return peakMemory(pid);
}

function memory(pid: number | undefined, line: string): number {
  const [, kibibytes] =
    new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
