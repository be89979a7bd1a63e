import { setTimeout as delay } from 'node:timers/promises';
import { runPhases } from '../../src/shared/shutdown.ts';
import { silent } from '../support/app.ts';

test('runs the phases in order, one after the other, and continues after one fails or exceeds its time limit', async () => {
  const calls: string[] = [];
  const phase = (name: string, run: () => unknown, timeoutMs = 1000) => ({
    name,
    timeoutMs,
    run: async () => {
      calls.push(`${name} begins`);
      await run();
      calls.push(`${name} ends`);
    },
  });
  const failed = await runPhases(
    [
      phase('first', () => delay(20)),
      phase('broken', () => Promise.reject(new Error('no'))),
      phase('endless', () => delay(60_000, undefined, { ref: false }), 50),
      phase('last', () => undefined),
    ],
    silent,
  );
  expect(failed).toEqual(['broken', 'endless']);
  expect(calls).toEqual(['first begins', 'first ends', 'broken begins', 'endless begins', 'last begins', 'last ends']);
});
