/**
 * The JSON Schema (2020-12) of an event as a whole: the envelope of CloudEvents 1.0 and the data. Members that a schema does not
 * name may be added at any time; a change that breaks a reader has a new `dataschema`.
 */
import { CURRENCIES } from '../currency.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What distinguishes the events of one type. */
export interface EventShape {
  readonly type: string;
  readonly source: string;
  readonly title: string;
  readonly description: string;
  /** What the subject is. */
  readonly subject: string;
  /** The members of the data, each of which an event has. */
  readonly data: Readonly<Record<string, JsonSchema>>;
  /** Members that an event may have. */
  readonly optional?: Readonly<Record<string, JsonSchema>>;
  /** Members of which each event has exactly one. */
  readonly oneOf?: Readonly<Record<string, JsonSchema>>;
}

/** The name of a type's shape, in its present version. */
export function dataschemaOf(type: string): string {
  return `urn:counterpoise:event:${type}:v1`;
}

export const MOVEMENT_ID_EXAMPLE = '7c9f5b1e-2f3a-8a54-9d0b-1c2d3e4f5a6b';
const WALLET_ID_EXAMPLE = '11f0c2a4-5b6d-8e7f-8a9b-0c1d2e3f4a5b';

export function uuid(description: string, example = WALLET_ID_EXAMPLE): JsonSchema {
  return { type: 'string', format: 'uuid', description, examples: [example] };
}

export const amount: JsonSchema = {
  type: 'string',
  pattern: '^[0-9]{1,15}\\.[0-9]{4}$',
  description: 'A decimal string with four decimals.',
  examples: ['25.0000'],
};

/** A whole number from 1 on. As every value of the data, it is a string. */
export function numeral(description: string): JsonSchema {
  return { type: 'string', pattern: '^[1-9][0-9]*$', description, examples: ['1'] };
}

export const currency: JsonSchema = {
  type: 'string',
  enum: CURRENCIES,
  description: 'ISO 4217.',
  examples: ['USD'],
};

export function text(description: string, example: string): JsonSchema {
  return { type: 'string', description, examples: [example] };
}

export function oneOfTexts(description: string, texts: readonly string[]): JsonSchema {
  return { type: 'string', enum: texts, description, examples: [texts[0]] };
}

export function schemaOf(shape: EventShape): JsonSchema {
  const { type, source, title, description, data, optional = {}, oneOf = {} } = shape;
  const alternatives = Object.keys(oneOf);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: dataschemaOf(type),
    title,
    description,
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: {
        type: 'string',
        pattern: `^${type.replaceAll('.', '\\.')}/[0-9a-f-]{36}$`,
        description: 'The type and the id of what it tells of. An event that is delivered again has the same id.',
      },
      source: { const: source },
      type: { const: type },
      subject: uuid(`${shape.subject} The events of a subject keep their order.`),
      tenant: text('Whose it is; left out for the default tenant.', 'acme'),
      time: { type: 'string', format: 'date-time', pattern: 'Z$', description: 'When it was written, in UTC.' },
      datacontenttype: { const: 'application/json' },
      dataschema: { const: dataschemaOf(type) },
      requestid: { type: 'string', description: 'The X-Request-Id of the request that caused it.' },
      traceparent: { type: 'string', description: 'W3C Trace Context of the request that caused it.' },
      data: {
        type: 'object',
        required: Object.keys(data),
        properties: { ...data, ...optional, ...oneOf },
        ...(alternatives.length === 0 ? {} : { oneOf: alternatives.map((name) => ({ required: [name] })) }),
      },
    },
    examples: [exampleOf(shape)],
  };
}

function exampleOf({ type, source, data, oneOf = {} }: EventShape): object {
  const [alternative] = Object.entries(oneOf);
  const members = [...(alternative === undefined ? [] : [alternative]), ...Object.entries(data)];
  return {
    specversion: '1.0',
    id: `${type}/${MOVEMENT_ID_EXAMPLE}`,
    source,
    type,
    subject: source.endsWith(':wallet') ? WALLET_ID_EXAMPLE : MOVEMENT_ID_EXAMPLE,
    time: '2026-03-01T12:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: dataschemaOf(type),
    requestid: 'a-request',
    data: Object.fromEntries(members.map(([name, { examples }]) => [name, (examples as unknown[])[0]])),
  };
}
