import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import type { Config } from './config.ts';
import { createLogger, type Logger } from './logger.ts';
import { METRICS } from './metrics.ts';
import { createProcessesStatus, type ProcessesStatus } from './processes-status.ts';
import { answer } from './questions.ts';
import { reportsReady } from './run.ts';
import { shutDownOnSignal } from './shutdown.ts';
import { type Service, type Supervised, supervise } from './supervise.ts';

/** Milliseconds beyond `SHUTDOWN_SECONDS` that a process has for the other phases of its shutdown. */
const CLOSING_MS = 6000;
/** Milliseconds that a killed process has to end. */
const KILLED_MS = 1000;

/** The processes of a host, and their work. */
export interface Plan {
  /** Name of the processes in the log. */
  name: string;
  /** Settings of each process that differ from those of the host. */
  processes: readonly Record<string, string>[];
  /** Answers questions of the processes, by question. */
  answers?: Record<string, (details: never) => unknown>;
  /** Runs in the primary before the processes start. */
  prepare?: (status: ProcessesStatus) => Promise<unknown>;
}

/** Starts the processes of a plan, restarts each one that ends, and ends all of them on a signal. Resolves when all are ready. */
export async function startProcesses(plan: Plan, config: Config): Promise<void> {
  const logger = createLogger(plan.name, config.logLevel);
  const status = createProcessesStatus(plan.processes.length, config.redis);
  const answers = { [METRICS]: status.readMetrics, ...plan.answers };
  const supervised: Supervised[] = [];
  let isStopping = false;

  async function start(index: number): Promise<void> {
    // Only the shutdown goes on.
    if (isStopping) return new Promise(() => {});
    let child: ChildProcess | undefined;
    const service: Service = {
      name: `${plan.name} process ${index + 1}`,
      start() {
        child = fork({ ...config.environment, ...plan.processes[index] }, answers, logger);
        return child;
      },
      ready: reportsReady,
    };
    const one = supervise(service, (line) => logger.error(line));
    supervised.push(one);
    await one.ready.catch((error: Error) => {
      if (isStopping) return new Promise(() => {});
      // A process that exits has printed the reason.
      if (child?.exitCode == null) logger.fatal(error.message);
      process.exit(child?.exitCode ?? 1);
    });
  }

  async function stopAll(limitMs: number): Promise<void> {
    isStopping = true;
    const failed: (number | undefined)[] = [];
    cluster.on('exit', (worker, code, signal) => {
      // A process that is still starting does not handle SIGTERM.
      if (code !== 0 && signal !== 'SIGTERM') failed.push(worker.process.pid);
    });
    await Promise.all(supervised.map(({ stop }) => stop(limitMs)));
    if (failed.length > 0) throw new Error(`processes ${failed} failed to shut down`);
  }

  const limitMs = config.shutdownMs + CLOSING_MS;
  const phase = { name: 'end all processes', timeoutMs: limitMs + KILLED_MS, run: () => stopAll(limitMs) };
  shutDownOnSignal([phase], logger);
  await plan.prepare?.(status);
  // The first one starts alone, so that an error of the configuration is reported once.
  await start(0);
  await Promise.all(plan.processes.slice(1).map((_, index) => start(index + 1)));
  logger.info({ processes: plan.processes.length }, 'all processes are ready');
}

/** Starts a process, and answers its questions. */
function fork(environment: object, answers: NonNullable<Plan['answers']>, logger: Logger): ChildProcess {
  const worker = cluster.fork(environment);
  // For example, a message could not be sent to a process that has just ended.
  worker.on('error', (err) => logger.debug({ err }, 'error of a process'));
  // Each question waits with a listener of its own.
  worker.process.setMaxListeners(0);
  for (const [question, respond] of Object.entries(answers)) answer(worker.process, question, respond);
  return worker.process;
}
