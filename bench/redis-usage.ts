import type { Service } from './processes.ts';

/** The work of a Redis server since its start. */
export interface RedisUsage {
  /** Number of calls of each command, including those within scripts. */
  calls: Map<string, number>;
  microseconds: number;
  bytes: number;
  roundTrips: number;
}

/** Reads the work of a Redis server, without the commands that read it. */
export async function redisUsage(redis: Service['redis']): Promise<RedisUsage> {
  const field = (text: string, name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(text)?.[1]);
  const commands = [...(await redis.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+),usec=(\d+)/g)];
  const counted = commands.filter(([, name]) => name !== 'info');
  const stats = await redis.info('stats');
  return {
    calls: new Map(counted.map(([, name = '', calls]) => [name, Number(calls)])),
    microseconds: counted.reduce((sum, [, , , usec]) => sum + Number(usec), 0),
    bytes: field(stats, 'total_net_input_bytes') + field(stats, 'total_net_output_bytes'),
    roundTrips: field(stats, 'total_reads_processed'),
  };
}
