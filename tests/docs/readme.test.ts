import { relative } from 'node:path';
import { formatJson, readExamples, runExamples } from '../../scripts/readme-example.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { ownService } from '../support/service.ts';

/** Members whose values differ in each run, or with each version of the encoders. */
const VARYING = ['createdAt', 'finishedAt', 'bytes'];

test('the JSON of the README is what the service responds, apart from ids, times and bytes (tsx scripts/write-examples.ts)', async () => {
  const service = await ownService();
  const { url } = await service.startApi();
  await service.startWorker();
  const examples = await readExamples();
  expect(examples.map(({ command }) => command)).toEqual([
    expect.stringContaining('/process-images'),
    expect.stringContaining('/batches/'),
  ]);
  const written = examples.map(({ json }) => JSON.parse(json));
  const responses = await runExamples(examples, url);
  const [{ batchId }] = responses as [{ batchId: string }];
  const found: Record<string, unknown> = {};
  JSON.stringify(written, (name, value) => {
    if (VARYING.includes(name)) found[name] = value;
    return value;
  });
  const text = JSON.stringify(responses)
    .replaceAll(batchId, written[0].batchId)
    .replaceAll(relative(projectRoot, service.processedDir), 'processed');
  const made = JSON.parse(text, (name, value) => (typeof value === typeof found[name] ? found[name] : value));
  expect(Object.keys(found).sort()).toEqual(VARYING.toSorted());
  expect(examples.map(({ json }) => json)).toEqual(made.map((response: object) => `${formatJson(response)}\n`));
});
