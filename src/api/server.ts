import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import type { Express } from 'express';

/** Makes the HTTP server of an app; it does not listen yet. */
export function createHttpServer(app: Express): Server {
  const server = createServer(app);
  // Without this, Node invites every client to send its body before the app has seen the headers.
  server.on('checkContinue', app);
  return server;
}

/** Stops taking requests, lets those that run end, and closes what idles. */
export async function closeHttpServer(server: Server): Promise<void> {
  const closed = promisify(server.close.bind(server))();
  server.closeIdleConnections();
  await closed;
}
