// The published schemas of events, compiled by a validator that knows nothing of this system.

import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Returns what an event breaks of its type's schema, or has that the schema does not name. Readers must accept unknown members;
 * for a test of what is written, one is an error.
 */
export function eventFaults(): (event: Members) => string[] {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
  formats.default(ajv);
  const validators = new Map(EVENT_TYPES.map(({ type, schema }) => [type, ajv.compile<unknown>(schema)]));
  const schemas = new Map(EVENT_TYPES.map(({ type, schema }) => [type, schema]));
  return (event) => {
    const type = String(event['type']);
    const validate = validators.get(type);
    if (validate === undefined) return [`there is no type ${type}`];
    validate(event);
    const properties = propertiesOf(schemas.get(type)!);
    return [
      ...(validate.errors ?? []).map(({ instancePath, message }) => `${type}: ${instancePath} ${message}`),
      ...unnamed(event, properties).map((name) => `${type}: ${name} is not in the schema`),
      ...unnamed(event['data'] as Members, propertiesOf(properties['data']!)).map(
        (name) => `${type}: data/${name} is not in the schema`,
      ),
    ];
  };
}

function propertiesOf(schema: Members): Readonly<Record<string, Members>> {
  return schema['properties'] as Readonly<Record<string, Members>>;
}

function unnamed(given: Members, named: Members): string[] {
  return Object.keys(given).filter((name) => !(name in named));
}
