import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const getconf = (name: string) => Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
const tickMs = 1000 / getconf('CLK_TCK');
const pageBytes = getconf('PAGESIZE');

interface Process {
  pid: number;
  parent: number;
  cpuMs: number;
  residentBytes: number;
}

/** Reads a file of /proc. Returns an empty text if the process has ended. */
function read(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function readProcess(pid: string): Process {
  const stat = read(pid, 'stat');
  // Skip the name, which may contain any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // User and system time: its own, and that of children that have ended.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const [parent, residentBytes] = [Number(fields[1]), Number(fields[21]) * pageBytes];
  return { pid: Number(pid), parent, cpuMs: ticks * tickMs, residentBytes };
}

/** Returns the processes below and including the roots, parents first. */
export function processTree(roots: readonly number[]): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readProcess)
    .filter(({ parent }) => parent >= 0);
  const found = all.filter(({ pid }) => roots.includes(pid));
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** Resources that process trees have used since their start, including those of processes that have ended. */
export function usage(roots: readonly number[]): { cpuMs: number; writtenBytes: number } {
  const processes = processTree(roots);
  const written = processes.map(({ pid }) => Number(/^write_bytes: (\d+)/m.exec(read(pid, 'io'))?.[1] ?? 0));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return { cpuMs: sum(processes.map(({ cpuMs }) => cpuMs)), writtenBytes: sum(written) };
}

/** Samples the resident memory of process trees. Returns a function that ends it and returns the peak in mebibytes. */
export function sampleMemory(roots: readonly number[]): () => number {
  let peak = 0;
  const sample = () => {
    const total = processTree(roots).reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    peak = Math.max(peak, total / 2 ** 20);
  };
  sample();
  const timer = setInterval(sample, 100);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** Kills process trees, so that none of their processes can clean up. */
export function killTrees(roots: readonly number[]): void {
  for (const { pid } of processTree(roots)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
