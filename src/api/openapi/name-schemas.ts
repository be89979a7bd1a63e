import { schemaExamples } from './examples.ts';

/** The parts of an OpenAPI document that get names and examples. */
interface Document {
  components?: { schemas?: Record<string, object> };
  paths?: Record<string, Record<string, { operationId?: string; requestBody?: { content: Content } }>>;
}
type Content = Record<string, { schema?: object }>;

/**
 * Gives each schema of the document a name and an example, so that generators make a type of it. A body gets the name of its operation:
 * `reprocessBatch` has `ReprocessBatchForm`, and `…Json` if JSON has other fields than a form.
 *
 * @throws {Error} if a schema has no example
 */
export function nameSchemas(document: object): object {
  const { components = {}, paths = {} } = document as Document;
  components.schemas ??= {};
  const { schemas } = components;
  for (const { operationId = '', requestBody } of Object.values(paths).flatMap((path) => Object.values(path))) {
    for (const [type, media] of Object.entries(requestBody?.content ?? {})) {
      if (!media.schema || !('properties' in media.schema)) continue;
      const base = operationId.charAt(0).toUpperCase() + operationId.slice(1);
      const form = `${base}Form`;
      const isSame = JSON.stringify(schemas[form] ?? media.schema) === JSON.stringify(media.schema);
      const name = type === 'application/json' && !isSame ? `${base}Json` : form;
      schemas[name] = media.schema;
      media.schema = { $ref: `#/components/schemas/${name}` };
    }
  }
  for (const [name, schema] of Object.entries(schemas)) {
    const example = (schemaExamples as Record<string, unknown>)[name];
    if (example === undefined) throw new Error(`The schema ${name} has no example. Add one to examples.ts.`);
    schemas[name] = { ...schema, example };
  }
  return document;
}
