import cluster from 'node:cluster';
import { type Config, loadConfig } from './config.ts';
import { type Plan, startProcesses } from './primary.ts';
import { ALIVE } from './processes-status.ts';
import { answer, ask } from './questions.ts';
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

/**
 * Makes a function that runs in the primary, if this process has one, and otherwise here. So all processes share its state.
 *
 * @param question that the plan answers with the same function
 */
export function inPrimary<Details, Result>(
  question: string,
  local: (details: Details) => Result,
): (details: Details) => Promise<Result> {
  return async (details) =>
    cluster.isWorker ? ((await ask(process, question, { details })) as Result) : local(details);
}
