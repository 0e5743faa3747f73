/** Building blocks of JSON schemas (2020-12), the dialect of OpenAPI 3.1. */

/** Where a schema carries the name under which the document lists it. */
export const NAME = Symbol('name of a schema');

export interface Schema {
  readonly [keyword: string]: unknown;
  readonly [NAME]?: string;
}

/** The same schema, told once among the components of the document and referred to everywhere else. */
export function named(name: string, schema: Schema): Schema {
  return { ...schema, [NAME]: name };
}

/** An object; what is not told may be added by later versions. */
export function object(required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  const names = Object.keys(required);
  return {
    type: 'object',
    properties: { ...required, ...optional },
    ...(names.length > 0 && { required: names }),
  };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

/** An object used as a dictionary. */
export function dictionary(values: Schema): Schema {
  return { type: 'object', additionalProperties: values };
}

export function nullable(schema: Schema): Schema {
  return typeof schema['type'] === 'string' && schema[NAME] === undefined && !('enum' in schema)
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] };
}

export function words(...values: string[]): Schema {
  return { type: 'string', enum: values };
}

export function about(description: string, schema: Schema): Schema {
  return { ...schema, description };
}

export const text: Schema = { type: 'string' };
export const whole: Schema = { type: 'integer' };
export const number: Schema = { type: 'number' };
export const flag: Schema = { type: 'boolean' };
/** Any JSON value. */
export const anything: Schema = {};
export const mapping: Schema = { type: 'object', additionalProperties: true };
export const time: Schema = { type: 'string', format: 'date-time' };
export const id = named('Id', {
  type: 'string',
  pattern: '^\\d{1,19}$',
  description: 'A 64-bit number as text: JavaScript numbers would lose digits.',
});
