import type { Queue } from 'bullmq';
import type { BatchState } from './batch-job.ts';
import { bullmqKeys } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import type { ServiceKeys } from './keys.ts';

/**
 * The index of batches by client, status and tag. For each combination there is a sorted set, so a page costs O(log n). Its members are
 * `<creation time in ms>:<batch id>` with equal scores, so Redis sorts them by time.
 *
 * A batch is added before it is enqueued, and its entry may be late by a moment. So readers compare each entry with the batch itself.
 */
export interface BatchIndex {
  /** Adds a batch that is about to be enqueued. */
  add(batch: IndexedBatch): Promise<void>;
  /** Removes a batch that was not enqueued. */
  remove(batch: IndexedBatch): Promise<void>;
  /** Moves a batch to the entries of another status. A batch that has ended stays ended. */
  setStatus(batchId: string, status: BatchState): Promise<void>;
  /** Removes a batch from the index. Its job must still exist. */
  forget(batchId: string): Promise<void>;
  /** Lists the members of some sets, newest first. */
  list(query: IndexQuery): Promise<string[]>;
  /** Removes the entries of a batch that does not exist. */
  removeMember(member: string, query: Pick<IndexQuery, 'client' | 'tag'>): Promise<void>;
}

/** The fields of a batch by which it is listed. */
export interface IndexedBatch {
  batchId: string;
  client: string;
  tags: readonly string[];
  /** Milliseconds since 1970. */
  createdAt: number;
}

/** Selects entries of the index. */
export interface IndexQuery {
  client: string;
  statuses: readonly BatchState[];
  tag?: string | undefined;
  /** Lower bound in milliseconds since 1970, inclusive. */
  from?: number | undefined;
  /** Upper bound in milliseconds since 1970, exclusive. */
  to?: number | undefined;
  /** Member after which the list continues. */
  after?: string | undefined;
  limit: number;
}

const unfinished = ['waiting', 'processing'] as const;
const all: readonly BatchState[] = [...unfinished, 'completed', 'completed-with-errors'];

/**
 * Moves a batch to the sets of a status, or removes it from all sets. Reads the client and the tags from the job of the batch, so that a
 * batch without a job is never added. Nor is a batch that is being deleted: its job exists for a moment longer, and may just be running.
 *
 * KEYS: job of the batch, record of its deletion. ARGV: prefix of the sets, batch id, target status or '', statuses to leave.
 */
const MOVE = `
if ARGV[3] ~= '' and redis.call('EXISTS', KEYS[2]) == 1 then return end
local job = redis.call('HMGET', KEYS[1], 'data', 'timestamp')
local isRead, data = pcall(cjson.decode, job[1] or '')
if not isRead or type(data) ~= 'table' or type(data.client) ~= 'string' then return end
local tags = { '' }
if type(data.tags) == 'table' then
  for _, tag in ipairs(data.tags) do tags[#tags + 1] = tostring(tag) end
end
local member = job[2] .. ':' .. ARGV[2]
for _, tag in ipairs(tags) do
  local left = 0
  for index = 4, #ARGV do
    left = left + redis.call('ZREM', ARGV[1] .. ARGV[index] .. ':' .. data.client .. '|' .. tag, member)
  end
  -- A batch begins only once, but it ends whatever the index says.
  if ARGV[3] ~= '' and (ARGV[3] ~= 'processing' or left > 0) then
    redis.call('ZADD', ARGV[1] .. ARGV[3] .. ':' .. data.client .. '|' .. tag, 0, member)
  end
end
`;

/**
 * Creates a {@link BatchIndex}.
 *
 * @param redis any connection
 */
export function createBatchIndex({
  redis,
  batches,
  keys,
}: {
  redis: RedisConnection;
  batches: Pick<Queue, 'toKey'>;
  keys: ServiceKeys;
}): BatchIndex {
  const setOf = (status: BatchState, client: string, tag = '') => `${keys.list}${status}:${client}|${tag}`;
  const memberOf = ({ createdAt, batchId }: IndexedBatch) => `${createdAt}:${batchId}`;

  async function move(batchId: string, target: BatchState | '', from: readonly BatchState[]): Promise<void> {
    const [job, removed] = [bullmqKeys(batches).job(batchId), keys.removed(batchId)];
    await redis.eval(MOVE, 2, job, removed, keys.list, batchId, target, ...from);
  }

  return {
    async add(batch) {
      const sets = ['', ...batch.tags].map((tag) => setOf('waiting', batch.client, tag));
      await Promise.all(sets.map((set) => redis.zadd(set, 0, memberOf(batch))));
    },

    async remove(batch) {
      const sets = ['', ...batch.tags].map((tag) => setOf('waiting', batch.client, tag));
      await Promise.all(sets.map((set) => redis.zrem(set, memberOf(batch))));
    },

    setStatus: (batchId, status) => move(batchId, status, status === 'processing' ? ['waiting'] : unfinished),
    forget: (batchId) => move(batchId, '', all),

    async list({ client, statuses, tag, from, to, after, limit }) {
      const upper = after !== undefined ? `(${after}` : to !== undefined ? `(${to}` : '+';
      const lower = from !== undefined ? `[${from}` : '-';
      const pages = await Promise.all(
        statuses.map((status) => redis.zrevrangebylex(setOf(status, client, tag), upper, lower, 'LIMIT', 0, limit)),
      );
      // A batch that changes its status meanwhile may be in two pages.
      return [...new Set(pages.flat().sort().reverse())].slice(0, limit);
    },

    async removeMember(member, { client, tag }) {
      await Promise.all(all.map((status) => redis.zrem(setOf(status, client, tag), member)));
    },
  };
}

/** Returns the creation time and the batch id of a member of the index. */
export function parseMember(member: string): { createdAt: number; batchId: string } {
  const [createdAt = '', batchId = ''] = member.split(':');
  return { createdAt: Number(createdAt), batchId };
}
