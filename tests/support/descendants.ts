import { execFileSync } from 'node:child_process';

/** Ids of the processes that a process started and that still live, theirs included. */
export function descendants(pid: number | undefined): number[] {
  const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state = '']) => !state.startsWith('Z'))
    .map(([child, parent]) => ({ child: Number(child), parent: Number(parent) }));
  const below = (parent: number | undefined): number[] =>
    table.filter((row) => row.parent === parent).flatMap(({ child }) => [child, ...below(child)]);
  return below(pid);
}
