import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { toPresets } from '../imaging/presets.ts';
import { createBatchWatcher } from '../queue/batch-watcher.ts';
import { connectProducer } from '../queue/connection.ts';
import { createQueueClient } from '../queue/queue-client.ts';
import { startStorageCheck } from '../queue/storage-check.ts';
import { type Config, ConfigError, readJsonFile } from '../shared/config.ts';
import { createLogger } from '../shared/logger.ts';
import { inPrimary, runProcesses } from '../shared/processes.ts';
import { shutDownOnSignal } from '../shared/shutdown.ts';
import { startTracing } from '../shared/tracing.ts';
import { readWatermarks } from '../shared/watermarks.ts';
import { createBatchFiles } from '../storage/batch-files.ts';
import { openStorage } from '../storage/open-storage.ts';
import { createApp } from './app.ts';
import { createAttemptLimit } from './http/attempt-limit.ts';
import { closeHttpServer, createHttpServer } from './http/server.ts';
import type { OptionRules } from './upload/read-options.ts';
import { webhookProblem } from './upload/webhook-url.ts';

/** Milliseconds that the first connection to Redis and the storage's check may take before the API listens without them. */
const CONNECTING_MS = 1000;
/** Milliseconds that closing the connection to Redis may take. */
const CLOSING_MS = 2000;

/** The question of an API process whether an attempt to log in to Bull Board is allowed. */
const LOGIN_ATTEMPT = 'login attempt';
const countAttempt = createAttemptLimit();

async function main(config: Config): Promise<void> {
  const logger = createLogger('api', config.logLevel);
  const { url: webhook } = config.webhooks;
  const problem = webhook === undefined ? undefined : webhookProblem(webhook, config.webhooks);
  if (problem !== undefined) throw new ConfigError(`WEBHOOK_URL ${problem}`);
  const tracing = await startTracing('async-image-api', config.traceEndpoint);
  const storage = await openStorage(config);
  const redis = connectProducer(config.redis, logger);
  const queue = createQueueClient({
    redis,
    prefix: config.queuePrefix,
    files: createBatchFiles(storage),
    maxBacklog: config.maxBacklog,
    retentionMs: config.retentionMs,
    waitReplicas: config.redis.waitReplicas,
    timeoutMs: config.redis.timeoutMs,
    telemetry: tracing?.telemetry,
    logger,
  });
  const storageCheck = startStorageCheck({ redis, prefix: config.queuePrefix, storage, logger });
  const watcher = createBatchWatcher({ queue, logger });
  const app = createApp({
    queue,
    watcher,
    storage,
    storageCheck,
    limits: config,
    access: config,
    webhooks: config.webhooks,
    links: config.links,
    imports: config.imports,
    reusesResults: config.reusesResults,
    optionRules: loadOptionRules(config),
    traceRequests: tracing && (await import('./http/trace.ts')).traceRequests(),
    admin:
      config.adminPassword === undefined ? undefined : await loadAdmin(config.adminPassword, redis, config.queuePrefix),
    logger,
  });
  const server = createHttpServer(app, config);

  shutDownOnSignal(
    [
      // Open streams would keep the server open until their batches end.
      { name: 'end streams', timeoutMs: CLOSING_MS, run: () => watcher.close() },
      { name: 'finish requests', timeoutMs: config.shutdownMs, run: () => closeHttpServer(server) },
      { name: 'leave the queue', timeoutMs: CLOSING_MS, run: () => queue.close() },
      { name: 'send traces', timeoutMs: CLOSING_MS, run: () => tracing?.stop() },
    ],
    logger,
  );

  // Wait briefly for Redis and the storage, so that the first requests succeed. If they stay unavailable, the API listens anyway and
  // responds 503.
  await Promise.race([storageCheck.confirmed, delay(CONNECTING_MS)]);
  server.listen(config.port, config.host);
  await once(server, 'listening').catch((cause) => {
    throw new ConfigError(`The API cannot listen on ${config.host}:${config.port} (${cause.code}). Set HOST and PORT.`);
  });
  const { port } = server.address() as AddressInfo;
  if (config.apiKeys.length === 0 && !isLoopback(config.host)) {
    logger.warn(
      { host: config.host },
      'anyone who reaches this address can use the service; set API_KEYS to require a key',
    );
  }
  logger.info({ url: `http://${config.host}:${port}` }, 'api listens');
  // Redis may become available after the first request.
  storageCheck.confirmed.catch((error: Error) => {
    logger.fatal(error.message);
    process.exit(1);
  });
}

/** Loads Bull Board, only if it is configured. */
async function loadAdmin(password: string, redis: ReturnType<typeof connectProducer>, prefix: string) {
  const [{ adminRoute }, { boardQueues }] = await Promise.all([
    import('./routes/admin.ts'),
    import('../queue/board.ts'),
  ]);
  return adminRoute(boardQueues(redis, prefix), password, inPrimary(LOGIN_ATTEMPT, countAttempt));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

function loadOptionRules({ presetsFile, presetsOnly, watermarksFile }: Config): OptionRules {
  const watermarks = Object.keys(readWatermarks(watermarksFile));
  const result = toPresets(presetsFile === undefined ? {} : readJsonFile('PRESETS_FILE', presetsFile), watermarks);
  if ('presets' in result) return { presets: result.presets, presetsOnly, watermarks };
  const errors = result.errors.map(({ name, message }) => `  ${name} ${message}`);
  throw new ConfigError(`PRESETS_FILE is invalid. Fix these entries of the file:\n${errors.join('\n')}`);
}

await runProcesses(main, ({ apiProcesses }) => ({
  name: 'api',
  processes: Array(apiProcesses).fill({}),
  answers: { [LOGIN_ATTEMPT]: countAttempt },
}));
