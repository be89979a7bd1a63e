import { toWebhookFiles } from '../../src/queue/webhook-event.ts';

const jobId = '550e8400-e29b-41d4-a716-446655440000-0';
const image = { outputPath: 'processed/a.jpg', width: 1, height: 1, bytes: 1, format: 'jpeg' as const };
const file = {
  jobId,
  payload: { batchId: jobId.slice(0, -2), index: 0, originalName: 'a.jpg', format: undefined, importUrl: undefined },
  state: 'completed' as const,
  progress: 100,
  result: {
    ...image,
    originalName: 'a.jpg',
    placeholder: { thumbHash: '', dominantColor: '#000000' },
    outputs: [{ ...image, name: 'thumb' }],
  },
  failure: null,
  hasStarted: true,
  finishedAt: 1,
  deletedAt: null,
};

test('has no links to a file that was deleted before its batch ended', () => {
  const sign = (path: string) => `signed:${path}`;
  const kept = { jobId, originalName: 'a.jpg', state: 'completed' };
  expect(toWebhookFiles([file, { ...file, deletedAt: new Date() }], sign)).toEqual([
    {
      ...kept,
      resultUrl: `signed:/jobs/${jobId}/result`,
      outputs: [{ name: 'thumb', resultUrl: `signed:/jobs/${jobId}/result?variant=thumb` }],
    },
    { ...kept, resultUrl: null },
  ]);
});
