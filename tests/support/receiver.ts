import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from './listen.ts';

/** A call that a receiver of webhooks got. */
export interface Call {
  headers: Record<string, string>;
  body: string;
}

/** Response of a receiver; `never` keeps the caller waiting. */
export type Reply = number | { status: number; headers: Record<string, string> } | 'never';

/**
 * Starts a receiver of webhooks on this machine.
 *
 * @param replyTo returns the response to a call, by the number of the call from 0
 */
export async function startReceiver(replyTo: (call: number) => Reply = () => 200) {
  const calls: Call[] = [];
  const server = createServer(async (req, res) => {
    const number = calls.push({ headers: req.headers as Record<string, string>, body: String(await buffer(req)) }) - 1;
    const reply = replyTo(number);
    if (reply === 'never') return;
    const { status, headers } = typeof reply === 'number' ? { status: reply, headers: {} } : reply;
    res.writeHead(status, headers).end('what the receiver says');
  });
  const port = await listen(server);
  return { calls, url: `http://127.0.0.1:${port}/hook?token=1` };
}

/** Settings of a service that delivers webhooks to receivers on this machine. */
export const webhookSettings = {
  WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 's').toString('base64')}`,
  WEBHOOK_ALLOW_HTTP: 'true',
  WEBHOOK_RETRY_DELAYS: '0,0,0',
  NETWORK_ALLOW: '127.0.0.0/8',
};
