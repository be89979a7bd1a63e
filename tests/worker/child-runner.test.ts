import { createChildRunner } from '../../src/worker/child-runner.ts';

const payload = {
  batchId: '550e8400-e29b-41d4-a716-446655440000',
  index: 0,
  originalName: 'a.jpg',
  format: 'jpeg' as const,
  outputs: [{ options: {} }],
};

test('returns crashed if a child cannot be started, and stays usable', async () => {
  // A variable with a null byte makes `fork` throw. So does a system without free memory or file descriptors.
  const environment = { VARIABLE: 'a\0b' };
  const runner = createChildRunner({ concurrency: 1, responseTimeoutMs: 60_000, environment });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const outcome = await runner.run(payload, new AbortController().signal, () => {});
    expect(outcome).toMatchObject({ kind: 'crashed', how: expect.stringMatching(/null bytes/), isSilent: false });
  }
});
