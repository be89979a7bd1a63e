import { readFileSync } from 'node:fs';

/** Returns the ids of the children that a process's main thread has started, oldest first. */
export function childrenOf(pid: number | undefined): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}
