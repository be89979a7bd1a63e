import { createHash, timingSafeEqual } from 'node:crypto';
import { createBullBoard } from '@bull-board/api';
import type { BaseAdapter } from '@bull-board/api/baseAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type RequestHandler, Router } from 'express';
import helmet from 'helmet';
import { ServiceError } from '../../shared/errors.ts';
import type { Attempt } from '../http/attempt-limit.ts';
import { addressOf } from '../http/authenticate.ts';
import { onlyReads } from '../http/error-handler.ts';

/** Counts an attempt of all processes. Returns the seconds until the next one, if this one must be rejected. */
type CountAttempt = (attempt: Attempt) => Promise<number | undefined>;

/** Path of the board. */
const BOARD_PATH = '/admin/queues';

/**
 * Bull Board at `/admin/queues`, behind a password. It shows the jobs of all clients, and is read-only.
 *
 * @param queues to show
 */
export function adminRoute(queues: readonly BaseAdapter[], password: string, countAttempt: CountAttempt): Router {
  const board = new ExpressAdapter();
  board.setBasePath(BOARD_PATH);
  createBullBoard({
    queues,
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Async image service' } },
  });
  const policy = helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      // Its styles are inline.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      frameAncestors: ["'none'"],
    },
  });
  const router = Router();
  router.use(
    BOARD_PATH,
    requirePassword(password, countAttempt),
    onlyReads,
    policy,
    withoutRemoteFonts,
    board.getRouter(),
  );
  return router;
}

type Render = (view: string, values: object | undefined, done: (error: Error, html: string) => void) => void;

/** Removes the fonts of another host from the page. The policy would block them, and the browser would report an error. */
const withoutRemoteFonts: RequestHandler = (_req, res, next) => {
  const render: Render = res.render.bind(res);
  res.render = (view: string, values?: object) =>
    render(view, values, (error, html) =>
      error ? next(error) : void res.send(html.replace(/<link [^>]*fonts\.googleapis\.com[^>]*>/, '')),
    );
  next();
};

/** Rejects requests without the password. Any user name is accepted. The comparison takes constant time. */
function requirePassword(password: string, countAttempt: CountAttempt): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(password);
  return async (req, _res, next) => {
    const [, encoded] = /^Basic +(\S+)$/i.exec(req.get('Authorization') ?? '') ?? [];
    const given = Buffer.from(encoded ?? '', 'base64').toString('utf8');
    const isRight = timingSafeEqual(digest(given.slice(given.indexOf(':') + 1)), wanted) && given.includes(':');
    // A browser sends its first request without a password.
    const seconds = encoded === undefined ? undefined : await countAttempt({ address: addressOf(req), isRight });
    if (seconds !== undefined) {
      throw new ServiceError('RATE_LIMITED', [{ passwordRetrySeconds: seconds }], { retryAfterSeconds: seconds });
    }
    if (isRight) return next();
    throw new ServiceError('UNAUTHORIZED', ['no password'], {
      headers: { 'WWW-Authenticate': 'Basic realm="queues", charset="UTF-8"' },
    });
  };
}
