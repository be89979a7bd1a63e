import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import spectralRulesets from '@stoplight/spectral-rulesets';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describedDocument } from '../../scripts/reference/api.ts';

interface OpenApi {
  components: { schemas: Record<string, { example?: unknown }> };
  paths: Record<string, Record<string, { operationId?: string; summary?: string }>>;
}

const document = describedDocument() as OpenApi;
const text = JSON.stringify(document);

test('the document follows the recommended rules of Redocly', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: text, config, absoluteRef: '/openapi.json' });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test('the document follows the recommended rules of Spectral', async () => {
  const spectral = new spectralCore.Spectral();
  spectral.setRuleset({ extends: [[spectralRulesets.oas, 'recommended']] } as never);
  const problems = await spectral.run(text);
  expect(problems.map(({ code, message, path }) => [code, message, path.join('/')])).toEqual([]);
});

test('every operation has an id and a summary', () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  expect(operations.filter(({ operationId, summary }) => !operationId || !summary)).toEqual([]);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test('every schema has an example, which is valid', () => {
  const ajv = new Ajv2020({ strict: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'openapi', ...document });
  for (const [name, { example }] of Object.entries(document.components.schemas)) {
    const isValid = ajv.validate({ $ref: `openapi#/components/schemas/${name}` }, example);
    expect([name, isValid, ajv.errors]).toEqual([name, true, null]);
  }
});
