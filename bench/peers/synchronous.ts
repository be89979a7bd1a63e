import { join } from 'node:path';
import { upload } from '../client.ts';
import { startBaseline } from '../processes.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

export const synchronous: Peer = {
  name: 'synchronous server',
  what: 'Express, multer and sharp in one process, which responds when the images are processed',
  versions: packageVersions(['express', 'multer', 'sharp']),
  acknowledges: true,
  async start(folder) {
    let server = await startBaseline('synchronous-server', folder);
    return {
      processes: () => [server.child.pid ?? 0],
      results: join(folder, 'processed'),
      async restart() {
        server = await startBaseline('synchronous-server', folder);
      },
      use: {
        send: async ({ body }) => (JSON.parse(await upload(server.url, body)) as { results: string[] }).results,
        find: async (paths) => (paths as string[]).map((path) => ({ url: `${server.url}${path}` })),
      },
    };
  },
};
