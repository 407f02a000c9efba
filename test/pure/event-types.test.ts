// The published types of events: a closed list of valid schemas, which has what the code writes and nothing else.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';
import { eventFaults } from './event-validation.ts';

const root = new URL('../..', import.meta.url).pathname;
const FAMILIES = 'transfer|transaction|wallet|webhook-endpoint|shipment|invoice|credit-note|refund|stock';

test('every schema is a valid one, and accepts its own example', () => {
  const faultsOf = eventFaults();
  for (const { type, schema } of EVENT_TYPES) {
    const examples = schema['examples'] as Record<string, unknown>[];
    assert.equal(examples.length, 1, type);
    assert.deepEqual(faultsOf(examples[0]!), []);
  }
});

test('a schema refuses an event that lacks a member, has a wrong amount, or is of two movements at once', () => {
  const faultsOf = eventFaults();
  const example = EVENT_TYPES.find(({ type }) => type === 'wallet.debited')!.schema['examples'] as [
    Record<string, unknown>,
  ];
  const withData = (change: Record<string, unknown>) => ({
    ...example[0],
    data: { ...(example[0]['data'] as Record<string, unknown>), ...change },
  });
  assert.deepEqual(faultsOf(withData({})), []);
  assert.equal(faultsOf(withData({ amount: '25' })).length, 1);
  assert.equal(faultsOf(withData({ transaction_id: '7c9f5b1e-2f3a-8a54-9d0b-1c2d3e4f5a6b' })).length, 1);
  assert.equal(faultsOf({ ...example[0], time: 'yesterday' }).length > 0, true);
  assert.equal(faultsOf({ ...example[0], dataschema: 'urn:counterpoise:event:wallet.debited:v2' }).length, 1);
});

test('every type that the code names is in the list', () => {
  const listed = new Set(EVENT_TYPES.map(({ type }) => type));
  const named = new Set<string>();
  for (const layer of ['db', 'domain', 'activities', 'workers', 'api'])
    for (const file of readdirSync(join(root, layer), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(ts|sql)$/.test(file) || file.includes('migrations') || file === join('events', 'event-types.ts'))
        continue;
      const text = readFileSync(join(root, layer, file), 'utf8');
      for (const [, type] of text.matchAll(new RegExp(`['"\`]((?:${FAMILIES})\\.[a-z-]+)['"\`]`, 'g')))
        named.add(type!);
    }
  assert.deepEqual(
    [...named].filter((type) => !listed.has(type)),
    [],
  );
  assert.ok(named.size >= 8, 'the search finds the names');
});
