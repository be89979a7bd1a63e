import { z } from 'zod';
import type { Load } from '../../queue/backlog.ts';

const count = z.int().min(0);
/** Response of `GET /status`. */
export const serviceStatus = z
  .object({
    workers: count.nullable().meta({
      description:
        'Connected workers. A worker that was killed counts for up to 30 seconds. `null`: unknown, because only workers of an ' +
        'older version have used this queue',
    }),
    waitingFiles: count.meta({ description: 'Files of all clients that wait to be processed' }),
    activeFiles: count.meta({ description: 'Files that workers hold' }),
    filesPerSecond: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: 'Files that ended per second in the last minute; `null` until this API has measured it' }),
    oldestBatchAgeSeconds: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: 'Age of the oldest unfinished batch; `null` if there is none' }),
  })
  .meta({ id: 'ServiceStatus' });
/** See {@link serviceStatus}. */
export type ServiceStatus = z.infer<typeof serviceStatus>;

/** Makes the response about the load of the queue. */
export function toServiceStatus({ workers, waiting, active, filesPerSecond, oldestBatchAt }: Load): ServiceStatus {
  return {
    workers: workers ?? null,
    waitingFiles: waiting,
    activeFiles: active,
    filesPerSecond: filesPerSecond ?? null,
    oldestBatchAgeSeconds: oldestBatchAt === undefined ? null : Math.max(0, Date.now() - oldestBatchAt) / 1000,
  };
}
