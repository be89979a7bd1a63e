import { join } from 'node:path';
import { freePort } from '../../scripts/find-redis.ts';
import { alternate, type Measure, median, timed } from '../measure.ts';
import { end, start, startService } from '../processes.ts';

export const startup: Measure = {
  title: 'From the start of the API to ready, milliseconds',
  baseline: 'an Express application without routes: the time of Node and Express alone. `npm` is not included.',
  ratio: 'times the empty application',
  async run({ isQuick, folder }) {
    const service = await startService(join(folder, 'startup'));
    const REDIS_URL = `redis://127.0.0.1:${service.redis.options.port}`;
    const launch = (file: string, env: Record<string, string>) => async () => {
      let child: Awaited<ReturnType<typeof start>>['child'] | undefined;
      const ms = await timed(async () => {
        child = (await start(file, env)).child;
      });
      if (child) await end(child);
      return ms;
    };
    const { uploads, processed } = service.folders;
    const PORT = String(await freePort());
    const times = await alternate(
      [
        launch('dist/api/main.js', { REDIS_URL, PORT, UPLOAD_DIR: uploads, PROCESSED_DIR: processed }),
        launch('bench/baselines/empty-server.mjs', {}),
      ],
      { rounds: isQuick ? 3 : 15 },
    );
    await service.stop();
    const [ours = 0, theirs = 0] = times.map(median);
    return [{ what: 'API', unit: 'ms', ours, theirs, ratio: ours / theirs }];
  },
};
