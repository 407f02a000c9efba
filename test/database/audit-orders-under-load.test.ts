// The audit of orders while they run: what begins, moves and ends between its snapshots is no breach.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Database } from '../../db/database.ts';
import { countStock } from '../../db/inventory/queries.ts';
import { startAuditedOrders, type AuditedOrderStack } from './audited-orders.ts';
import { trace } from './wallets.ts';
import type { Placed } from './orders.ts';

const AUDITS = 4;
/** Between two snapshots: long enough for an order to get on, so that their order counts. */
const PAUSE_MS = 100;
const LINES = [
  { sku: 'lamp', quantity: 1 },
  { sku: 'bolt', quantity: 3 },
];

describe('the audit of orders that run', () => {
  let stack: AuditedOrderStack;
  before(async () => {
    stack = await startAuditedOrders();
  });
  after(() => stack?.stop());

  test('orders that are placed, move and end while it reads are no breach', async () => {
    for (const { sku } of LINES) await countStock(stack.services.inventory.service, sku, 1_000_000, trace);
    const stop = new AbortController();
    const load = Array.from({ length: 4 }, (_, lane) => keepOrdering(stack, lane, stop.signal));
    const { audit } = stack.audited(withPauses);
    const reports = [];
    while (reports.length < AUDITS) reports.push(await audit());
    stop.abort();
    await Promise.all(load);

    for (const { violations } of reports) assert.deepEqual(violations, []);
    const atRest = await audit();
    assert.deepEqual(atRest.violations, []);
    assert.ok(atRest.checked.orders! > reports[0]!.checked.orders! + 10);
    assert.ok(reports.some((report) => report.undone_orders!.under_way > atRest.undone_orders!.under_way));
  });
});

/** One order after the other, each lane with its own turns of ends. */
async function keepOrdering({ course, filled }: AuditedOrderStack, lane: number, signal: AbortSignal): Promise<void> {
  const ends: readonly ((placed: Placed) => Promise<void>)[] = [
    async (placed) => {
      await course.confirm(placed);
      await course.fulfil(placed, 1);
      await course.fulfil(placed, 2);
      await course.end(placed);
      const back = [LINES[0]!];
      const returned = await course.announceReturn(placed, back);
      await course.receive(returned);
      await course.refund(placed, returned, back);
    },
    async (placed) => {
      await course.confirm(placed);
      await course.giveBack(placed, 2);
      await course.fulfil(placed, 1);
      await course.end(placed);
    },
    (placed) => course.undo(placed, 'timed_out'),
    async (placed) => {
      await course.confirm(placed);
      await course.issue(placed, 1);
      await course.loseHold(placed, 1);
      await course.pay(placed, 1);
      await course.settle(placed, lane % 2 === 0 ? 'collected' : 'written_off');
      await course.report(placed, ['IN_TRANSIT', 'DELIVERED']);
      await course.delivered(placed);
      await course.giveBack(placed, 2);
      await course.end(placed);
    },
  ];
  for (let n = lane; !signal.aborted; n += 1)
    await ends[n % ends.length]!(await course.place(filled.pair, LINES, { allowSplit: true }));
}

/** The database, of whose snapshot each audit takes its time. */
function withPauses(database: Database): Database {
  const transaction: Database['transaction'] = (work, config) =>
    database.transaction((tx) => {
      const execute = async (statement: SQL): Promise<unknown> => {
        const { sql: text } = new PgDialect().sqlToQuery(statement);
        if (text === 'SELECT pg_current_snapshot()') await sleep(PAUSE_MS);
        return tx.execute(statement);
      };
      return work(Object.assign(Object.create(tx) as typeof tx, { execute }));
    }, config);
  return Object.assign(Object.create(database) as Database, { transaction });
}
