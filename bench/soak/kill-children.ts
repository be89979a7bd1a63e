import type { ChildProcess } from 'node:child_process';
import { seeded } from '../../tests/support/random.ts';
import { childrenOf } from '../processes.ts';

/** Longest pause between two kills. */
const MAX_PAUSE_MS = 20_000;

/** Kills the youngest child of a worker now and then. The oldest lives on, so that its growth can be seen. */
export function startKilling({ pid }: ChildProcess, seed: number) {
  const random = seeded(seed);
  let kills = 0;
  let timer: NodeJS.Timeout;
  const plan = () => {
    timer = setTimeout(kill, random(MAX_PAUSE_MS));
  };
  const kill = () => {
    const children = childrenOf(pid);
    const youngest = children.at(-1);
    if (youngest !== undefined && children.length > 1) {
      process.kill(youngest, 'SIGKILL');
      kills += 1;
    }
    plan();
  };
  plan();
  return { stop: () => clearTimeout(timer), count: () => kills };
}
