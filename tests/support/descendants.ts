import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface Row {
  pid: number;
  parent: number;
}

/** Every process that lives, with its parent. */
function processes(): Row[] {
  // A small Linux has no `ps`.
  if (process.platform !== 'linux') {
    const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    return rows.map((row) => row.trim().split(/\s+/).map(Number)).map(([pid = 0, parent = 0]) => ({ pid, parent }));
  }
  return readdirSync('/proc').flatMap((name) => {
    try {
      // `pid (name) state parent …`; the name may hold spaces and parentheses.
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent) }];
    } catch {
      return [];
    }
  });
}

/** Ids of the processes that a process started, and that those started, as far as they live. */
export function descendants(pid: number | undefined): number[] {
  const all = processes();
  const below = (parent: number | undefined): number[] =>
    all.filter((row) => row.parent === parent).flatMap((row) => [row.pid, ...below(row.pid)]);
  return below(pid);
}
