// The AsyncAPI document is valid by the schema that the specification's authors publish, and says of events what the API says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';
import { testApp } from './api-fakes.ts';

interface Document {
  channels: Record<string, { address: string | null; messages: Record<string, { payload: { $ref: string } }> }>;
  components: { schemas: Record<string, Record<string, unknown>> };
}

async function get<T>(path: string): Promise<T> {
  const answer = await testApp().app.request(path, { headers: { host: 'localhost' } });
  assert.equal(answer.status, 200);
  return (await answer.json()) as T;
}

test('/asyncapi.json is valid by the official schema of AsyncAPI 3.0', async () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  const validate = ajv.compile(specs.schemasWithoutId['3.0.0'] as object);
  const document = await get<Document>('/asyncapi.json');
  validate(document);
  assert.deepEqual(validate.errors ?? [], []);
  // The validator does find faults.
  assert.equal(validate({ ...document, channels: { events: { adress: 'x' } } }), false);
});

test('every reference in /asyncapi.json leads to something', async () => {
  const document = await get<Document>('/asyncapi.json');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path!);
  assert.ok(references.length > EVENT_TYPES.length);
  for (const path of references)
    assert.ok(
      path.split('/').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document),
      path,
    );
});

test('every way has every type, with the schema that /v1/event-types gives', async () => {
  const document = await get<Document>('/asyncapi.json');
  const { data } = await get<{ data: { type: string; schema: Record<string, unknown> }[] }>('/v1/event-types');
  assert.deepEqual(
    data.map(({ type }) => type),
    EVENT_TYPES.map(({ type }) => type),
  );
  for (const way of ['events', 'stream', 'webhook'])
    assert.deepEqual(
      Object.keys(document.channels[way]!.messages),
      data.map(({ type }) => type),
    );
  for (const { type, schema } of data)
    assert.deepEqual(document.components.schemas[type]!['properties'], schema['properties']);
});

test('the topics are those that consumers know', async () => {
  const { channels } = await get<Document>('/asyncapi.json');
  assert.equal(channels['events']?.address, 'counterpoise.events');
  assert.equal(channels['deadLetters']?.address, 'counterpoise.events.dlq');
});
