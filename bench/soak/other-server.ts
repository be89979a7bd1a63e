import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { scene } from '../images.ts';

/**
 * Starts the server of the soak test's clients: it serves an image for imports, and receives webhooks. It refuses every fifth request,
 * and cuts every twentieth connection.
 *
 * @returns the settings that allow the service to call it
 */
export async function startOtherServer() {
  const image = await (await scene(240, 180)).jpeg().toBuffer();
  let requests = 0;
  const server = createServer((req, res) => {
    requests += 1;
    req.resume();
    if (requests % 20 === 0) res.destroy();
    else if (requests % 5 === 0) res.writeHead(503).end('busy');
    else if (req.method === 'GET') res.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(image);
    else res.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    fileUrl: `${url}/image.jpg`,
    webhookUrl: `${url}/webhook`,
    settings: {
      IMPORT_HOSTS: '127.0.0.1',
      NETWORK_ALLOW: '127.0.0.0/8',
      WEBHOOK_ALLOW_HTTP: 'true',
      WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 's').toString('base64')}`,
      WEBHOOK_RETRY_DELAYS: '1,2',
    },
    close: () => void server.close().closeAllConnections(),
  };
}
