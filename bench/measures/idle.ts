import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formBody, untilCompleted, upload } from '../client.ts';
import { scene } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { childrenOf, cpuMs, startService } from '../processes.ts';
import { redisUsage } from '../redis-usage.ts';

/** Time after the last image until timers and memory have settled. */
const SETTLING_MS = 20_000;

export const idle: Measure = {
  title: 'An API and a worker without work',
  baseline: 'none. The ratio is the value itself, compared with the target.',
  ratio: 'the value',
  async run({ isQuick, folder, say }) {
    const service = await startService(join(folder, 'idle'));
    const worker = await service.startWorker(1);
    await untilCompleted(service.url, [
      await upload(service.url, formBody([await (await scene(64, 64)).jpeg().toBuffer()])),
    ]);
    const [child] = childrenOf(worker.pid);
    const processes = {
      API: service.api.pid,
      worker: worker.pid,
      child,
      Redis: service.redisServer.pid,
    };
    await delay(SETTLING_MS);
    const read = async () => ({
      calls: (await redisUsage(service.redis)).calls,
      cpu: await Promise.all(Object.values(processes).map((pid) => cpuMs(pid))),
      at: performance.now(),
    });
    const before = await read();
    await delay(isQuick ? 20_000 : 120_000);
    const after = await read();
    await service.stop();

    const ms = after.at - before.at;
    const percents = after.cpu.map((cpu, index) => ((cpu - (before.cpu[index] ?? 0)) / ms) * 100);
    const perSecond = [...after.calls].map(
      ([name, calls]) => [name, ((calls - (before.calls.get(name) ?? 0)) / ms) * 1000] as const,
    );
    const most = perSecond.filter(([, calls]) => calls > 0).toSorted(([, one], [, other]) => other - one);
    say(most.map(([name, calls]) => `${name} ${calls.toFixed(2)}`).join(', '));
    const own = sum(percents.slice(0, 3));
    const commands = sum(perSecond.map(([, calls]) => calls));
    return [
      ...Object.keys(processes).map((name, index) => ({
        what: `CPU of ${name}`,
        unit: '% of a core',
        ours: percents[index] ?? Number.NaN,
      })),
      { what: 'CPU of API, worker and child', unit: '% of a core', ours: own, ratio: own, atMost: 0.5 },
      {
        what: 'Redis commands, including those within scripts',
        unit: 'a second',
        ours: commands,
        ratio: commands,
        atMost: 5,
      },
    ] satisfies Row[];
  },
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
