/** The parts of a JSON schema that the reference shows. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: readonly unknown[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  anyOf?: readonly Schema[];
}

/** Longer lists of values are left out. The error codes, for example, have their own table. */
const MAX_VALUES = 8;

/**
 * Lists the fields of an object schema and of the objects in it.
 *
 * @param schemas targets of references, by name
 * @returns path (`files[].state`), type and meaning of each field
 */
export function fieldRows(schema: Schema, schemas: Record<string, Schema>, prefix = ''): string[][] {
  const resolve = (given: Schema) => resolveSchema(given, schemas);
  return Object.entries(schema.properties ?? {}).flatMap(([name, given]) => {
    const field = resolve(given);
    const path = `${prefix}${name}`;
    const type = typeText(field) + (schema.required?.includes(name) ? '' : ', optional');
    const row = [path, type, field.description ?? ''];
    const inner = field.items ? fieldRows(resolve(field.items), schemas, `${path}[].`) : [];
    return [row, ...inner, ...fieldRows(field, schemas, `${path}.`)];
  });
}

function typeText({ type = '', enum: values = [] }: Schema): string {
  if (values.length > 0 && values.length <= MAX_VALUES) return values.map((value) => `\`${value}\``).join(', ');
  return [type].flat().join(' or ');
}

/** Follows the reference of a schema, also of one that may be `null`. */
export function resolveSchema(given: Schema, schemas: Record<string, Schema>): Schema {
  const target = given.anyOf?.find(({ type }) => type !== 'null');
  if (!target) return { ...schemas[given.$ref?.split('/').at(-1) ?? ''], ...given };
  const { type = '', ...rest } = resolveSchema(target, schemas);
  return { ...rest, ...given, type: [type, 'null'].flat() };
}
