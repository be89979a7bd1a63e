import { z } from 'zod';
import { type BatchIndex, type IndexQuery, parseMember } from './batch-index.ts';
import { batchJobPayload, batchJobResult } from './batch-job.ts';
import { bullmqKeys } from './bullmq-keys.ts';
import { KEY_LIFE_MS } from './idempotency.ts';
import { batchIdOf, imageJobId } from './names.ts';
import { type BatchStatus, batchState, readBatchStatus, type StatusSource } from './read-status.ts';
import { parseStored } from './stored-data.ts';

/** Maximum number of reads of the index for one page. A page that is still short then has fewer entries. */
const MAX_READS = 10;
/** Age from which an entry without a batch is removed. Until then its upload can be repeated under the same id. */
const LOST_AFTER_MS = KEY_LIFE_MS + 60 * 60 * 1000;

/** A batch in a list: its status without the files. */
export type BatchSummary = Pick<BatchStatus, 'batchId' | 'status' | 'progress' | 'createdAt' | 'finishedAt' | 'tags'>;

/** A page of a list of batches. */
export interface BatchPage {
  batches: BatchSummary[];
  /** Value of `after` for the next page; `undefined` on the last page. */
  next: string | undefined;
}

/** Selects the batches of a list. */
export type BatchQuery = IndexQuery;

const storedBatch = z.object({
  data: batchJobPayload,
  createdAt: z.coerce.number().int(),
  result: batchJobResult.optional().catch(undefined),
});

/**
 * Lists the batches of a client, newest first. The cost depends on the length of the page, not on the number of batches.
 *
 * The index may be late. A batch with another status than its entry is left out unless that status was also requested, and its entry is
 * corrected. Batches that do not exist, or whose stored data cannot be read, are left out. So is an entry with another creation time: a
 * repeated upload got the same batch id.
 */
export async function listBatches(source: StatusSource, index: BatchIndex, query: BatchQuery): Promise<BatchPage> {
  const batches: BatchSummary[] = [];
  let after = query.after;
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    // One more than wanted shows whether there is another page.
    const wanted = query.limit + 1 - batches.length;
    const members = await index.list({ ...query, after, limit: wanted });
    const summaries = await readSummaries(source, members);
    for (const [position, member] of members.entries()) {
      if (batches.length === query.limit) return { batches, next: after };
      const found = summaries[position];
      const summary = found?.createdAt.getTime() === parseMember(member).createdAt ? found : undefined;
      if (summary && query.statuses.includes(summary.status)) batches.push(summary);
      correct(index, query, member, summary, found !== undefined);
      after = member;
    }
    if (members.length < wanted) return { batches, next: undefined };
  }
  return { batches, next: after };
}

/** Corrects an entry of the index that does not match its batch. If this fails, the next reader does it. */
function correct(
  index: BatchIndex,
  query: BatchQuery,
  member: string,
  summary: BatchSummary | undefined,
  exists: boolean,
): void {
  const { batchId, createdAt } = parseMember(member);
  const isLost = !summary && (exists || createdAt < Date.now() - LOST_AFTER_MS);
  const isLate = summary && query.statuses.length < 4 && !query.statuses.includes(summary.status);
  const correction = isLost
    ? index.removeMember(member, query)
    : isLate && summary.status !== 'waiting' && index.setStatus(batchId, summary.status);
  if (correction) correction.catch(() => undefined);
}

/** Reads the summaries of batches in two round trips. A batch that does not exist or is unreadable is `undefined`. */
async function readSummaries(source: StatusSource, members: readonly string[]): Promise<(BatchSummary | undefined)[]> {
  const { redis, images } = source;
  const batchIds = members.map((member) => parseMember(member).batchId);
  const isListed = new Set(batchIds);
  const [records, active] = await Promise.all([
    Promise.all(batchIds.map((batchId) => readRecord(source, batchId))),
    redis.lrange(bullmqKeys(images).active, 0, -1),
  ]);
  // A job whose worker has died stays in the list without a lock.
  const candidates = active.filter((jobId) => isListed.has(batchIdOf(jobId)));
  const locks = await Promise.all(candidates.map((jobId) => redis.exists(bullmqKeys(images).lock(jobId))));
  const running = new Map<string, number>();
  for (const [position, jobId] of candidates.entries()) {
    if (locks[position] === 1) running.set(batchIdOf(jobId), (running.get(batchIdOf(jobId)) ?? 0) + 1);
  }
  return Promise.all(
    batchIds.map((batchId, position) => toSummary(source, batchId, records[position], running.get(batchId) ?? 0)),
  );
}

/** Reads the numbers of a batch that do not require its files. */
async function readRecord({ redis, images, batches, keys }: StatusSource, batchId: string) {
  const { job, processed, failedChildren } = bullmqKeys(batches);
  const [fields, isRemoved, completed, failed, starts] = await Promise.all([
    redis.hmget(job(batchId), 'data', 'timestamp', 'returnvalue'),
    redis.exists(keys.removed(batchId)),
    redis.hlen(processed(batchId)),
    redis.hlen(failedChildren(batchId)),
    // The first file is the first to start.
    redis.hget(bullmqKeys(images).job(imageJobId(batchId, 0)), 'ats'),
  ]);
  const [data, createdAt, result] = fields;
  const stored = storedBatch.safeParse({
    data: parseStored(data ?? ''),
    createdAt,
    result: parseStored(result ?? ''),
  }).data;
  return isRemoved === 0 && stored ? { ...stored, completed, failed, hasStarted: Number(starts) > 0 } : undefined;
}

async function toSummary(
  source: StatusSource,
  batchId: string,
  record: Awaited<ReturnType<typeof readRecord>>,
  running: number,
): Promise<BatchSummary | undefined> {
  if (!record) return undefined;
  const { data, createdAt, result, completed, failed, hasStarted } = record;
  const { total, tags = [] } = data;
  // The numbers were read one after another, so a file may have ended in between.
  const active = Math.min(running, total - completed - failed);
  const progress = { total, completed, failed, active, waiting: total - completed - failed - active };
  const status = batchState(progress, hasStarted || active + completed + failed > 0);
  const summary = { batchId, status, progress, createdAt: new Date(createdAt), tags };
  if (completed + failed < total) return { ...summary, finishedAt: null };
  if (result) return { ...summary, finishedAt: new Date(result.finishedAt) };
  // The job of the batch has not run yet, or an older version ran it.
  const found = await readBatchStatus(source, batchId);
  return { ...summary, finishedAt: found?.value?.finishedAt ?? null };
}
