import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, isFree } from '../../scripts/find-redis.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { endLater } from '../processes.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

/** Folder of the npm packages that only this benchmark needs. */
export const ipxFolder = join(projectRoot, 'bench/peers');

export const createIpx = (): Peer => ({
  name: 'ipx',
  what: '`ipx serve` on a folder of files; each request processes an image and stores nothing',
  versions: packageVersions(['ipx', 'sharp'], ipxFolder),
  acknowledges: false,
  async start(_folder, originals) {
    const port = await freePort();
    const args = ['serve', '--dir', originals, '--host', '127.0.0.1', '--port', String(port)];
    const program = join(ipxFolder, 'node_modules/ipx/bin/ipx.mjs');
    const env = { ...process.env, NODE_ENV: 'production' };
    const { pid = 0 } = endLater(spawn(process.execPath, [program, ...args], { stdio: 'ignore', env }));
    while (await isFree(port)) await delay(50);
    const image = `http://127.0.0.1:${port}/width_512,enlarge,grayscale,quality_80,format_jpeg`;
    return {
      processes: () => [pid],
      use: {
        send: async ({ files }) => files.map((file) => ({ url: `${image}/${basename(file)}` })),
        find: async (sent) => sent as { url: string }[],
      },
    };
  },
});
