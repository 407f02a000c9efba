// Each table that grows has its answer: ARCHITECTURE.md says of every table why it stays, how it is bounded, or that it does not grow.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { getTableName, isTable } from 'drizzle-orm';
import * as accessSchema from '../../db/access/schema.ts';
import * as accountingSchema from '../../db/accounting/schema.ts';
import * as deliverySchema from '../../db/delivery/schema.ts';
import * as eventsSchema from '../../db/events/schema.ts';
import * as inventorySchema from '../../db/inventory/schema.ts';
import * as transferSchema from '../../db/transfer/schema.ts';
import * as walletSchema from '../../db/wallet/schema.ts';

test('the growth of every table of the databases is answered, and of no table that is not there', async () => {
  const text = await readFile(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8');
  const [, section = ''] = /\n## Growth and retention\n([^]*?)\n## /.exec(text) ?? [];
  const inRows = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  const [, others = ''] = /do not grow: ([^]*)/.exec(section) ?? [];
  const inText = [...others.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name);
  const schemas = [walletSchema, transferSchema, eventsSchema, deliverySchema, accountingSchema, inventorySchema];
  const tables = [...schemas, accessSchema]
    .flatMap((schema) => Object.values(schema) as unknown[])
    .filter((value) => isTable(value))
    .map((table) => getTableName(table));
  const said = [...inRows, ...inText].map(String);
  assert.deepEqual(said.toSorted(), [...new Set(tables)].toSorted());
});
