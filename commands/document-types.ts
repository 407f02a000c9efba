/**
 * The types of an OpenAPI document as TypeScript: an interface for each schema and, for each operation, its input and answer, with
 * its route as a value. It knows the part of JSON Schema that this API uses, and throws at anything else rather than guess. Runs at
 * build time only.
 */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly description?: string;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const MEDIA_TYPE = 'application/json';

/** Returns the source, not formatted. */
export function renderTypes({ paths, components }: OpenApiDocument): string {
  const schemas = Object.entries(components.schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  const operations = Object.entries(paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
    .map((route) => ({ ...route, name: nameOf(route.operation, `${route.method} ${route.path}`) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    '/** Generated from the OpenAPI document by `npm run generate:client`: not to be edited. */',
    ...schemas.map(([name, schema]) => `${comment(schema.description)}export ${declaration(name, schema)}`),
    `/** What each operation takes and answers. */\nexport interface Operations {\n${operations
      .map(({ name, operation }) => `${comment(operation.summary)}${name}: ${operationType(operation)};`)
      .join('\n')}\n}`,
    `/** Where each operation is, and which headers it knows. */\nexport const ROUTES = {\n${operations
      .map(({ name, method, path, operation }) => `${name}: ${route(method, path, operation)},`)
      .join('\n')}\n} as const;`,
  ].join('\n\n');
}

function nameOf({ operationId }: Operation, where: string): string {
  if (operationId === undefined) throw new Error(`${where} has no operationId`);
  return operationId;
}

function declaration(name: string, schema: Schema): string {
  return schema.type === 'object' ? `interface ${name} ${typeOf(schema)}` : `type ${name} = ${typeOf(schema)};`;
}

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const of = (where: string): string | undefined => {
    const given = parameters.filter((parameter) => parameter.in === where);
    if (given.length === 0) return undefined;
    const fields = given.map(({ name, required, schema, description }) =>
      field(name, { ...schema, ...(description === undefined ? {} : { description }) }, required === true),
    );
    return `{ ${fields.join('\n')} }`;
  };
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content }]) => content?.[MEDIA_TYPE]?.schema)
    // One status may have several answers, and another one of them too.
    .flatMap((schema) => (schema === undefined ? ['undefined'] : (schema.anyOf ?? [schema]).map(typeOf)));
  const body = requestBody?.content[MEDIA_TYPE]?.schema;
  return `{
    ${member('path', of('path'), true)}
    ${member(
      'query',
      of('query'),
      parameters.some((parameter) => parameter.in === 'query' && parameter.required),
    )}
    ${member('body', body && typeOf(body), requestBody?.required === true)}
    answer: ${[...new Set(answers)].join(' | ')};
  }`;
}

function member(name: string, type: string | undefined, isRequired: boolean): string {
  return type === undefined ? `${name}?: undefined;` : `${name}${isRequired ? '' : '?'}: ${type};`;
}

function route(method: string, path: string, { parameters = [] }: Operation): string {
  const headers = parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name.toLowerCase());
  return JSON.stringify({ method: method.toUpperCase(), path, headers: headers.sort() });
}

/** The TypeScript type of a schema. */
function typeOf(schema: Schema): string {
  const { $ref, type, anyOf, oneOf, allOf, properties, additionalProperties } = schema;
  if ($ref !== undefined) return $ref.replace('#/components/schemas/', '');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const alternatives =
    anyOf ?? oneOf ?? (Array.isArray(type) ? type.map((one) => ({ ...schema, type: one })) : undefined);
  if (alternatives !== undefined) return [...new Set((alternatives as Schema[]).map(typeOf))].join(' | ');
  if (allOf !== undefined)
    return allOf
      .filter(isMore)
      .map((part) => `(${typeOf(part)})`)
      .join(' & ');
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `Array<${typeOf(schema.items ?? {})}>`;
    case 'object':
      return objectType(properties ?? {}, schema.required ?? [], additionalProperties);
    case undefined:
      if (Object.keys(schema).every((key) => ['description', 'example', 'default'].includes(key))) return 'unknown';
  }
  throw new Error(`This schema cannot be rendered: ${JSON.stringify(schema)}`);
}

function objectType(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  rest: boolean | Schema | undefined,
): string {
  const fields = Object.entries(properties).map(([name, schema]) => field(name, schema, required.includes(name)));
  if (rest !== undefined && rest !== false) {
    const type = fields.length > 0 || rest === true || Object.keys(rest).length === 0 ? 'unknown' : typeOf(rest);
    fields.push(`[name: string]: ${type};`);
  }
  return `{ ${fields.join('\n')} }`;
}

function field(name: string, schema: Schema, isRequired: boolean): string {
  const isName = /^[A-Za-z_]\w*$/.test(name);
  return `${comment(schema.description)}${isName ? name : JSON.stringify(name)}${isRequired ? '' : '?'}: ${typeOf(schema)};`;
}

function comment(text: string | undefined): string {
  return text === undefined ? '' : `\n/** ${text.replaceAll(/\s+/g, ' ').replaceAll('*/', '*\\/').trim()} */\n`;
}

/** Whether a part of an `allOf` says more: a $ref is often joined with nothing but a description or an example of its own. */
function isMore(part: Schema): boolean {
  return typeOf(part) !== 'unknown';
}
