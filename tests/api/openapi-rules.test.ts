import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import spectralRulesets from '@stoplight/spectral-rulesets';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describedDocument } from '../../scripts/reference/api.ts';

interface Schema {
  example?: unknown;
  description?: string;
  properties?: Record<string, Schema & { $ref?: string }>;
}
interface OpenApi {
  components: { schemas: Record<string, Schema> };
  paths: Record<
    string,
    Record<string, { operationId?: string; summary?: string; parameters?: { name: string; description?: string }[] }>
  >;
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

test('every parameter, and every field of a response that is not an object, has a description', () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const parameters = operations.flatMap(({ parameters = [] }) => parameters);
  const fields = Object.entries(document.components.schemas).flatMap(([schema, { properties = {} }]) =>
    Object.entries(properties).map(([name, field]) => ({ name: `${schema}.${name}`, ...field })),
  );
  const undescribed = [...parameters, ...fields.filter(({ $ref }) => $ref === undefined)].filter(
    ({ description }) => !description,
  );
  // Their names are the terms of photography.
  const clear = ['Exif.lens', 'Exif.fNumber'];
  expect(undescribed.map(({ name }) => name).filter((name) => !clear.includes(name))).toEqual([]);
});

test('there are no empty examples', () => {
  expect(text).not.toMatch(/"example":(?:\{\}|\[\]|""|null)/);
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
