import { slug } from 'github-slugger';
import { createRoutes } from '../../src/api/app.ts';
import { createOpenApiDocument } from '../../src/api/openapi/document.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { type ErrorCode, errorTypes, exampleDetail } from '../../src/shared/errors.ts';
import { environment } from '../../tests/support/environment.ts';
import { fieldRows, resolveSchema, type Schema } from './fields.ts';
import { page, table } from './markdown.ts';

interface ApiResponse {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

interface Operation {
  tags: string[];
  summary: string;
  description?: string;
  parameters?: { name: string; in: string; description?: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, ApiResponse>;
}

interface OpenApi {
  components: { schemas: Record<string, Schema> };
  paths: Record<string, Record<string, Operation>>;
}

const otherPaths = [
  ['GET /', 'page to upload images and see their results in a browser'],
  ['GET /docs', 'Swagger UI, to try the API out'],
  ['GET /openapi.json', 'the OpenAPI 3.1 document'],
  [
    'GET /admin/queues',
    '[Bull Board](../operations.md#bull-board), which shows the queues, when `ADMIN_PASSWORD` is set',
  ],
];

/** Creates the routes for their descriptions, which need only the limits of the configuration. */
function describedRoutes() {
  // Ignore the settings of this machine, so that every machine generates the same page.
  const config = loadConfig(environment());
  const parts = { limits: config, access: config, storage: {}, optionRules: {} };
  const { open, guarded } = createRoutes(parts as unknown as Parameters<typeof createRoutes>[0]);
  return [...guarded, ...open];
}

/** Builds the OpenAPI document with the default limits. */
export function describedDocument(): object {
  return createOpenApiDocument(describedRoutes());
}

/** Builds the page of endpoints, response bodies and errors. */
export function apiPage(): string {
  const { paths, components } = describedDocument() as OpenApi;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, ...operation })),
  );
  const tags = [...new Set(operations.flatMap((operation) => operation.tags))];
  const byTag = tags.flatMap((tag) => operations.filter((operation) => operation.tags.includes(tag)));
  const bodies = Object.entries(components.schemas).filter(([, { properties }]) => properties);
  const codes = (Object.keys(errorTypes) as ErrorCode[]).toSorted(
    (one, other) => errorTypes[one].status - errorTypes[other].status,
  );

  return page(
    'API',
    'Endpoints, response bodies and errors, written from the OpenAPI document. A running service has that document at\n' +
      '`/openapi.json`, and Swagger UI with examples at `/docs`. Limits are those of the default\n' +
      '[configuration](configuration.md). [Usage](../usage.md) explains the steps.',
    '## Endpoints',
    byTag.map(({ name, summary }) => `- [\`${name}\`](#${slug(name)}): ${summary}`).join('\n'),
    'The service also has these paths, which the OpenAPI document leaves out:',
    table(['Path', 'What it is'], otherPaths),
    ...byTag.flatMap((operation) => describeOperation(operation, components.schemas)),
    '## Bodies',
    ...bodies.flatMap(([name, schema]) => [
      `### ${name}`,
      table(['Field', 'Type', 'Meaning'], fieldRows(schema, components.schemas)),
    ]),
    '## Errors',
    'Every error has a [`Problem`](#problem) as its body. Its `code` never changes; its `detail` is for people.\n' +
      '[Usage](../usage.md#errors) says which errors are worth a retry.',
    table(
      ['Code', 'Status', 'Example of `detail`'],
      codes.map((code) => [code, String(errorTypes[code].status), exampleDetail(code).replaceAll('<', '&lt;')]),
    ),
  );
}

function describeOperation(operation: Operation & { name: string }, schemas: Record<string, Schema>): string[] {
  const { name, summary, description, parameters = [], requestBody, responses } = operation;
  const blocks = [`### \`${name}\``, `${summary}.`];
  if (description) blocks.push(description);
  const described = parameters.flatMap(({ name, in: place, description }) =>
    description ? [[name, place, description]] : [],
  );
  if (described.length > 0) blocks.push(table(['Parameter', 'In', 'Meaning'], described));
  for (const [type, { schema }] of Object.entries(requestBody?.content ?? {})) {
    const { properties = {} } = resolveSchema(schema, schemas);
    const names = Object.keys(properties).map((field) => `\`${field}\``);
    if (names.length === 0) {
      blocks.push(`Body: \`${type}\`, the bytes of one file.`);
      continue;
    }
    const more = properties.width ? ' See [options](options.md).' : '';
    blocks.push(`Body: \`${type}\` with the fields ${names.join(', ')}.${more}`);
  }
  const rows = Object.entries(responses).map(([status, response]) => [status, ...describeResponse(status, response)]);
  return [...blocks, table(['Status', 'Meaning, or error codes', 'Headers', 'Body'], rows)];
}

function describeResponse(status: string, { description, headers = {}, content = {} }: ApiResponse): string[] {
  const isError = Number(status) >= 400;
  const bodies = Object.entries(isError ? {} : content).map(([type, { schema }]) => {
    const body = schema.$ref?.split('/').at(-1);
    return body ? `[\`${body}\`](#${slug(body)})` : `\`${type}\``;
  });
  const names = Object.keys(headers).map((header) => `\`${header}\``);
  return [description, names.join(', '), bodies.join(', ')];
}
