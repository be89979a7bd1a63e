import { requireLibheif } from '../imaging/require-libheif.ts';
import { connectConsumer } from '../queue/connection.ts';
import { serviceKeys } from '../queue/keys.ts';
import { startStorageCheck } from '../queue/storage-check.ts';
import type { Config } from '../shared/config.ts';
import { createLogger } from '../shared/logger.ts';
import type { Plan } from '../shared/primary.ts';
import { answerPrimary, runProcesses } from '../shared/processes.ts';
import { CAN_WORK } from '../shared/processes-status.ts';
import { shutDownOnSignal } from '../shared/shutdown.ts';
import { startTracing } from '../shared/tracing.ts';
import { hashWatermarks, readWatermarks } from '../shared/watermarks.ts';
import { openStorage } from '../storage/open-storage.ts';
import { createBatchWorker } from './batch-worker.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createImageWorker } from './image-worker.ts';
import { createImportWorker } from './import-worker.ts';
import { createWorkerMetrics } from './metrics.ts';
import { createResultReuse } from './result-reuse.ts';
import { splitConcurrency } from './split-concurrency.ts';
import { createReadiness, startStatusServer } from './status-server.ts';
import { createSweeper } from './sweeper.ts';
import { createWebhookWorker } from './webhook-worker.ts';

/** Time limit for closing connections and child processes. */
const CLOSE_TIMEOUT_MS = 2000;

async function main(config: Config): Promise<void> {
  requireLibheif(config.acceptedFormats);
  const logger = createLogger('worker', config.logLevel);
  const {
    queuePrefix: prefix,
    workerConcurrency: concurrency,
    jobTimeoutMs,
    environment,
    retentionMs,
    shutdownMs,
  } = config;
  const tracing = await startTracing('async-image-worker', config.traceEndpoint);
  const telemetry = tracing?.telemetry;
  const redis = connectConsumer(config.redis, logger);
  // The children read it. An error must be seen at the start of the worker, not in each image.
  readWatermarks(config.watermarksFile);
  const storage = await openStorage(config);
  const storageCheck = startStorageCheck({ redis, prefix, storage, logger });
  const metrics = createWorkerMetrics();
  const webhookAttempts = config.webhooks.retryDelaysMs.length + 1;
  const batches = createBatchWorker({ redis, prefix, webhookAttempts, links: config.links, telemetry, logger });
  const webhooks = createWebhookWorker({ redis, prefix, webhooks: config.webhooks, metrics, logger });
  const reuse = config.reusesResults
    ? createResultReuse({
        redis,
        prefix,
        results: storage.results,
        retentionMs,
        environment: { ...(await loadVersions()), watermarks: hashWatermarks(config.watermarksFile) },
        logger,
      })
    : undefined;
  const images = createImageWorker({
    redis,
    prefix,
    storage,
    concurrency,
    jobTimeoutMs,
    environment,
    batches,
    reuse,
    metrics,
    telemetry,
    logger,
  });
  const imports = createImportWorker({
    redis,
    prefix,
    storage,
    imports: config.imports,
    limits: config,
    batches,
    metrics,
    logger,
  });
  const sweeper = createSweeper({ redis, prefix, storage, retentionMs, metrics, logger });
  const requireReady = createReadiness(redis, storageCheck);
  answerPrimary(CAN_WORK, requireReady);
  await startStatusServer(config, { readMetrics: metrics.read, requireAlive: () => undefined, requireReady });
  const heartbeat = createHeartbeat(redis, prefix, logger);
  const cancellations = connectConsumer(config.redis, logger);
  cancellations.on('message', (_channel, jobId) => {
    images.cancel(jobId);
    imports.cancel(jobId);
  });

  shutDownOnSignal(
    [
      {
        name: 'finish images',
        timeoutMs: shutdownMs + CLOSE_TIMEOUT_MS,
        run: () => Promise.all([heartbeat.stop(), images.stop(shutdownMs), imports.stop(shutdownMs)]),
      },
      {
        name: 'finish batches',
        timeoutMs: CLOSE_TIMEOUT_MS,
        run: () => Promise.all([batches.close(), webhooks.close(), sweeper.close(), reuse?.close()]),
      },
      { name: 'send traces', timeoutMs: CLOSE_TIMEOUT_MS, run: () => tracing?.stop() },
    ],
    logger,
  );

  // With the wrong storage the worker would fail every file, and remove files that are still needed.
  await storageCheck.confirmed;
  // Do not await this: Redis may be unreachable. ioredis subscribes again after each reconnect.
  cancellations.subscribe(serviceKeys(prefix).cancel).catch((err) => logger.debug({ err }, 'cancellations'));
  for (const running of [images.run(), imports.run(), batches.run(), webhooks.run(), sweeper.start()]) {
    running.catch((err) => {
      logger.fatal({ err }, 'the worker cannot take jobs any more');
      // Exit, so that the supervisor restarts the process. A process that runs but takes no jobs would look healthy.
      process.exit(1);
    });
  }
  heartbeat.start();
  await images.waitUntilReady();
  logger.info({ concurrency }, 'the worker is ready');
}

/** Reads the versions of sharp and its libraries. Only this loads libvips into the worker itself, where it processes no image. */
async function loadVersions() {
  return (await import('../imaging/library-versions.ts')).libraryVersions;
}

/**
 * Splits the children of a host over several processes, if they are many. Everything else that a worker does is safe in several
 * processes, as it is on several hosts: each job runs in one of them, the cleanup job too, and each sends heartbeats of its own.
 */
function toPlan(config: Config): Plan {
  return {
    name: 'worker',
    processes: splitConcurrency(config.workerConcurrency).map((share) => ({
      WORKER_CONCURRENCY: String(share),
      // The primary has the port, and answers for all.
      WORKER_PORT: '',
    })),
    prepare: (processes) => startStatusServer(config, processes),
  };
}

await runProcesses(main, toPlan);
