import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { describedDocument } from './api.ts';

const notice = '// Written by `npm run docs` from the OpenAPI document. Edit the source code of the service instead.\n';

interface Field {
  $ref?: string;
  type?: string;
  enum?: readonly string[];
  description?: string;
  properties?: Record<string, Field>;
}

interface OpenApi {
  components: { schemas: Record<string, Field> };
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: Field }> } } }>;
}

/**
 * Builds the TypeScript types that the client library uses. The generator runs in a process of its own, because it needs the compiler
 * API of TypeScript 5, which only client/ has.
 */
export function clientTypes(): string {
  const { resolve } = createRequire(join(projectRoot, 'client/package.json'));
  const program = join(dirname(resolve('openapi-typescript/package.json')), 'bin/cli.js');
  const input = JSON.stringify(describedDocument());
  const types = execFileSync(process.execPath, [program], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ownNotice = /^\/\*\*.*?\*\/\s*/s;
  // The document has empty examples, so that Swagger UI leaves the fields empty.
  return `${notice}\n${types
    .replace(ownNotice, '')
    .replace(/^ +\* @example *\n/gm, '')
    .replace(/ +$/gm, '')}`;
}

/** Builds the list of the text fields of an upload, from which the command-line program makes its flags. */
export function clientFields(): string {
  const { components, paths } = describedDocument() as OpenApi;
  const resolve = (field: Field) => ({ ...components.schemas[field.$ref?.split('/').at(-1) ?? ''], ...field });
  const schema = paths['/process-images']?.post.requestBody.content['multipart/form-data']?.schema ?? {};
  const fields = Object.entries(resolve(schema).properties ?? {})
    .map(([name, field]) => ({ name, ...resolve(field) }))
    .filter(({ type }) => type !== 'array')
    .map(({ name, type = 'string', enum: values, description = '' }) => ({ name, type, values, description }));
  return `${notice}
/** The text fields of an upload. */
export const uploadFields = ${JSON.stringify(fields, null, 2)} as const;
`;
}
