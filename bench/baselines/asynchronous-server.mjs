// The asynchronous server that people write first: Express, multer to disk, a BullMQ worker with sharp in the same process.
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import express from 'express';
import multer from 'multer';
import sharp from 'sharp';

const [folder, redisPort] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(redisPort), maxRetriesPerRequest: null };
const uploads = join(folder, 'uploads');
const processed = join(folder, 'processed');
for (const path of [uploads, processed]) mkdirSync(path, { recursive: true });

const queue = new Queue('images', {
  connection,
  defaultJobOptions: { attempts: 3, backoff: { type: 'exponential', delay: 1000 } },
});

const worker = new Worker(
  'images',
  async ({ id, data }) => {
    const name = `${id}.jpg`;
    await sharp(data.path).resize(512).grayscale().jpeg({ quality: 80 }).toFile(join(processed, name));
    return { resultUrl: `/results/${name}` };
  },
  { connection, concurrency: availableParallelism() },
);
worker.on('failed', (job, error) => console.error(`job ${job?.id} failed: ${error.message}`));
for (const each of [queue, worker]) each.on('error', (error) => console.error(error.message));

const upload = multer({
  dest: uploads,
  limits: { fileSize: 20 * 1024 * 1024, files: 10 },
  fileFilter: (_req, file, done) => done(null, file.mimetype.startsWith('image/')),
});

/** Describes a job to a client. */
async function describe(id) {
  const job = await queue.getJob(id);
  if (!job) return { id, state: 'unknown' };
  const state = await job.getState();
  return { id, state, originalName: job.data.originalName, failedReason: job.failedReason, ...job.returnvalue };
}

const app = express();

app.post('/process-images', upload.array('images', 10), async (req, res) => {
  if (!req.files?.length) return res.status(400).json({ error: 'no image' });
  const batchId = randomUUID();
  const jobs = await queue.addBulk(
    req.files.map(({ path, originalname }, index) => ({
      name: 'resize',
      data: { path, originalName: originalname },
      opts: { jobId: `${batchId}-${index}` },
    })),
  );
  return res.status(202).json({ batchId, jobIds: jobs.map(({ id }) => id) });
});

app.get('/jobs', async (req, res) => {
  const ids = String(req.query.ids ?? '').split(',');
  res.json({ jobs: await Promise.all(ids.map(describe)) });
});

app.get('/jobs/:id', async (req, res) => {
  const job = await describe(req.params.id);
  res.status(job.state === 'unknown' ? 404 : 200).json(job);
});

app.use('/results', express.static(processed));

app.use((error, _req, res, _next) => {
  res.status(error instanceof multer.MulterError ? 400 : 500).json({ error: error.message });
});

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
// Like the service. A connection that is closed at the moment of its reuse would fail the benchmark.
server.keepAliveTimeout = 75_000;

process.once('SIGTERM', async () => {
  server.close();
  await worker.close();
  await queue.close();
  process.exit(0);
});
