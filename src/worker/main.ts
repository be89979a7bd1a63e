import { connectConsumer } from '../queue/connection.ts';
import { loadConfig } from '../shared/config.ts';
import { createLogger } from '../shared/logger.ts';
import { run } from '../shared/run.ts';
import { shutDownOnSignal } from '../shared/shutdown.ts';
import { removeAbandoned } from '../storage/abandoned.ts';
import { createBatchWorker } from './batch-worker.ts';
import { ImageWorker } from './image-worker.ts';

/** Milliseconds that closing connections and children may take. */
const CLOSING_MS = 2000;

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger('worker', config.logLevel);
  const { queuePrefix: prefix, workerConcurrency: concurrency, jobTimeoutMs, environment, shutdownMs } = config;
  const redis = connectConsumer(config.redis, logger);
  const images = new ImageWorker({ redis, prefix, concurrency, jobTimeoutMs, environment, logger });
  const batches = createBatchWorker({ redis, prefix, logger });

  shutDownOnSignal(
    [
      { name: 'finish images', limitMs: shutdownMs + CLOSING_MS, run: () => images.stop(shutdownMs) },
      { name: 'finish batches', limitMs: CLOSING_MS, run: () => batches.close() },
    ],
    logger,
  );

  const removed = await removeAbandoned(config.processedDir);
  for (const worker of [images, batches]) {
    worker.run().catch((err) => {
      logger.fatal({ err }, 'worker cannot take jobs any more');
      // Whoever started this process starts it again; one that lives on and does nothing would deceive them.
      process.exit(1);
    });
  }
  await images.waitUntilReady();
  logger.info({ concurrency, removed }, 'worker takes jobs');
}

await run(main);
