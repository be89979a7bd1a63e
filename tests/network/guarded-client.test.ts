import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseRanges } from '../../src/network/allowed-address.ts';
import { AddressNotAllowedError, createGuardedClient } from '../../src/network/guarded-client.ts';

const request = { method: 'POST', headers: {}, body: 'x' } as const;
const loopback = parseRanges(['127.0.0.0/8']);
let server: Server;
let port: number;
let received: number;

beforeEach(async () => {
  received = 0;
  server = createServer((req, res) => {
    received += 1;
    if (req.url === '/redirect') res.writeHead(302, { Location: '/' });
    if (req.url === '/never') return;
    if (req.url === '/endless') {
      res.writeHead(200);
      const sending = setInterval(() => res.write('x'.repeat(65_536)), 1);
      res.on('close', () => clearInterval(sending));
      return;
    }
    res.end('the body');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test.each(['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]', 'localhost', 'rebinding.example'])(
  'sends nothing to %s',
  async (host) => {
    const client = createGuardedClient({ allowed: [], resolve: async () => ['127.0.0.1'] });
    await expect(client.send(`http://${host}:${port}/`, request, 5000)).rejects.toThrow(AddressNotAllowedError);
    expect(received).toBe(0);
    await client.close();
  },
);

test('checks the address of every connection, however the name was resolved before', async () => {
  const addresses = ['127.0.0.1', '127.0.0.1', '10.0.0.1'];
  const client = createGuardedClient({ allowed: loopback, resolve: async () => [addresses.shift() ?? ''] });
  const send = () => client.send(`http://rebinding.example:${port}/`, request, 5000);
  expect((await send()).status).toBe(200);
  expect((await send()).status).toBe(200);
  await expect(send()).rejects.toThrow(AddressNotAllowedError);
  expect(received).toBe(2);
  await client.close();
});

test('connects only to those addresses of a host that are allowed', async () => {
  const client = createGuardedClient({ allowed: loopback, resolve: async () => ['10.0.0.1', '127.0.0.1'] });
  expect((await client.send(`http://two.example:${port}/`, request, 5000)).status).toBe(200);
  await client.close();
});

test('does not follow redirects, reads no endless body, and gives up after the timeout', async () => {
  const client = createGuardedClient({ allowed: loopback });
  const send = (path: string) => client.send(`http://127.0.0.1:${port}${path}`, request, 1000);
  expect((await send('/redirect')).status).toBe(302);
  expect((await send('/endless')).status).toBe(200);
  await expect(send('/never')).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(received).toBe(3);
  await client.close();
});
