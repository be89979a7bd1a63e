import cluster from 'node:cluster';
import { type Config, loadConfig } from './config.ts';
import { type Plan, startProcesses } from './primary.ts';
import { ALIVE } from './processes-status.ts';
import { answer } from './questions.ts';
import { run } from './run.ts';

/**
 * Runs `main` in this process if the plan has one process. Otherwise runs it in each process of the plan, and this process becomes their
 * primary. They share the port on which `main` listens.
 */
export function runProcesses(main: (config: Config) => Promise<void>, toPlan: (config: Config) => Plan): Promise<void> {
  return run(async () => {
    const config = loadConfig();
    if (cluster.worker) {
      // By default a process ends at once if the primary is killed. This way it finishes its requests and images.
      cluster.worker.exitedAfterDisconnect = true;
      answerPrimary(ALIVE, () => true);
      return main(config);
    }
    const plan = toPlan(config);
    return plan.processes.length === 1 ? main(config) : startProcesses(plan, config);
  });
}

/** Answers a question of the primary, if this process has one. */
export function answerPrimary(question: string, respond: () => unknown): void {
  if (cluster.isWorker) answer(process, question, respond);
}
