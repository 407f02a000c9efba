// The client's types are those of the OpenAPI document, and each of its operations has a function.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ROUTES } from '../../client/wire.ts';
import { renderTypes, type OpenApiDocument } from '../../commands/document-types.ts';
import { renderWire, WIRE_FILE } from '../../commands/wire-file.ts';

/** They answer whoever watches the service, and what they answer while it is down is no problem. */
const NOT_FOR_CLIENTS = ['getHealth', 'getReadiness'];

function typesOf(schema: object): string {
  const document = { paths: {}, components: { schemas: { Tested: schema } } } as unknown as OpenApiDocument;
  return renderTypes(document).replaceAll(/\s+/g, ' ');
}

describe("the client's types", () => {
  test('are those of the OpenAPI document: otherwise run `npm run generate:client`', async () => {
    assert.ok(readFileSync(WIRE_FILE, 'utf8') === (await renderWire()), 'client/wire.ts is stale');
  });

  test('every operation has a function', () => {
    const folder = new URL('../../client/', import.meta.url);
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'wire.ts');
    const text = sources.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
    const missing = Object.keys(ROUTES).filter(
      (name) => !text.includes(`'${name}'`) && !text.includes(`ROUTES.${name}`) && !NOT_FOR_CLIENTS.includes(name),
    );
    assert.deepEqual(missing, []);
  });

  test('follow what a schema says', () => {
    const cases: [schema: object, type: RegExp][] = [
      [{ type: ['string', 'null'] }, /type Tested = string \| null;/],
      [{ type: ['string', 'null'], enum: ['a', null] }, /type Tested = "a" \| null;/],
      [{ anyOf: [{ $ref: '#/components/schemas/Other' }, { type: 'null' }] }, /type Tested = Other \| null;/],
      [{ allOf: [{ $ref: '#/components/schemas/Other' }, { description: 'x' }] }, /type Tested = \(Other\);/],
      [{ type: 'array', items: { type: 'integer' } }, /type Tested = Array<number>;/],
      [
        { type: 'object', properties: { a: { type: 'string' }, 'b-c': { const: 1 } }, required: ['a'] },
        /interface Tested \{ a: string; "b-c"\?: 1; \}/,
      ],
      [
        { type: 'object', additionalProperties: { type: 'string' } },
        /interface Tested \{ \[name: string\]: string; \}/,
      ],
    ];
    for (const [schema, type] of cases) assert.match(typesOf(schema), type);
  });

  test('are refused where a schema says what the generator does not know', () => {
    for (const schema of [{ not: {} }, { type: 'tuple' }, { patternProperties: {} }]) {
      assert.throws(() => typesOf(schema), /cannot be rendered/);
    }
  });
});
