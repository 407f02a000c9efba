// The audit of a working stack: movements that are under way while it reads are no breach, and it reads every page.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { pino } from 'pino';
import { audit, type AuditReport } from '../../audit/audit.ts';
import { PAGE_ROWS } from '../../audit/reader.ts';
import type { Database } from '../../db/database.ts';
import { startRelay } from '../../workers/events/relay.ts';
import { workflowsOf } from './audited.ts';
import { openOutboxes } from './copy-outbox.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';
import { movementsOver, type Movements } from './movements.ts';
import { fresh, userOnShard } from './wallets.ts';

const AUDITS = 6;
/** Of the audits beside a relay that takes away. */
const ROUNDS = { min: 4, max: 60 };

describe('the audit of a stack that works', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ connectionsMax: 16 });
  });
  after(() => cluster?.stop());

  const auditNow = (open: ReadonlySet<string>, patienceMs: number, events?: Database): Promise<AuditReport> => {
    const wallets = stores.wallets.map(({ admin }) => admin);
    return audit({ wallets, transfer: stores.transfer.admin, events }, workflowsOf(open), { patienceMs });
  };

  test('movements that begin, move and end while it reads are no breach', async () => {
    const movements = movementsOver(stores);
    const open = new Set<string>();
    const stop = new AbortController();
    const load = Array.from({ length: 8 }, () => keepMoving(movements, open, stop.signal));
    const reports: AuditReport[] = [];
    while (reports.length < AUDITS) reports.push(await auditNow(open, 5_000));
    stop.abort();
    await Promise.all(load);

    for (const { violations } of reports) assert.deepEqual(violations, []);
    assert.ok(
      reports.some(({ undone }) => undone.under_way > 0),
      'something was under way',
    );
    const atRest = await auditNow(open, 0);
    assert.deepEqual(atRest.violations, []);
    assert.ok(atRest.checked.transfers > reports[0]!.checked.transfers);
  });

  test('events that are written, copied and taken away while it reads are no breach', async () => {
    const movements = movementsOver(stores);
    const open = new Set<string>();
    const stop = new AbortController();
    const relay = startRelay({
      database: stores.events.service,
      outboxes: openOutboxes(cluster, stores),
      retentionDays: 90,
      logger: pino({ level: 'silent' }),
    });
    const sealed = async (): Promise<number> => {
      const counted = 'SELECT coalesce(sum(event_count), 0)::int AS n FROM outbox_seals';
      return (await rowsOf<{ n: number }>(stores.transfer.admin, counted))[0]!.n;
    };
    const load = Array.from({ length: 8 }, () => keepMoving(movements, open, stop.signal));
    const turning = turnRings([...stores.wallets, stores.transfer], stop.signal);
    const { admin: events } = stores.events;
    try {
      // The relay takes nothing away while an audit reads, so it needs the pauses.
      for (let n = 0; n < ROUNDS.min || (n < ROUNDS.max && (await sealed()) === 0); n += 1) {
        assert.deepEqual((await auditNow(open, 20_000, events)).violations, []);
        await sleep(500);
      }
      stop.abort();
      await Promise.all([...load, turning]);
      const { violations, checked } = await auditNow(open, 20_000, events);
      assert.deepEqual(violations, []);
      assert.ok(checked.logged_events > 100);
      assert.ok((await sealed()) > 0, 'the relay has taken something away');
    } finally {
      stop.abort();
      await Promise.all([...load, turning]);
      await relay.stop();
    }
  });

  test('more movements than fit on a page are all looked at, those on the last page too', async () => {
    const movements = movementsOver(stores);
    const [sender, receiver] = [
      await movements.wallets.open(fresh('sender')),
      await movements.wallets.open(fresh('receiver')),
    ];
    const before = await auditNow(new Set(), 0);
    const open = new Set<string>();
    await Promise.all(
      Array.from({ length: PAGE_ROWS + 1 }, async () => {
        const { transferId } = await movements.acceptTransfer(sender, receiver, '1.0000');
        open.add(`transfer/${transferId}`);
      }),
    );
    const report = await auditNow(open, 0);
    assert.deepEqual(report.violations, []);
    assert.equal(report.checked.transfers, before.checked.transfers + PAGE_ROWS + 1);

    await stores.transfer.admin.execute(`UPDATE transfers SET reference = 'another'`);
    const { totals, checked } = await auditNow(open, 0);
    assert.deepEqual(totals, { I4: checked.transfers });
  });
});

/** Lets the outboxes begin one partition of their rings after the other. */
async function turnRings(databases: readonly TestDatabase[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { admin } of databases)
      await rowsOf(admin, `SELECT setval('outbox_sequence', (last_value / 65536 + 1) * 65536) FROM outbox_sequence`);
    await sleep(300);
  }
}

/** One movement after the other, some of them given up half-way. */
async function keepMoving(movements: Movements, open: Set<string>, signal: AbortSignal): Promise<void> {
  const { wallets } = movements;
  const [a, b] = [await wallets.open(userOnShard(0, 2)), await wallets.open(userOnShard(1, 2))];
  const during = async (id: string, move: Promise<void>): Promise<void> => {
    open.add(id);
    await move;
    open.delete(id);
  };
  for (let n = 0; !signal.aborted; n += 1) {
    const deposit = await movements.acceptTransaction('CREDIT', n % 2 === 0 ? a : b, '10.0000');
    await during(`transaction/${deposit.transactionId}`, movements.transact(deposit));
    const t =
      n % 2 === 0 ? await movements.acceptTransfer(a, b, '7.0000') : await movements.acceptTransfer(b, a, '30.0000');
    const givenUp = async (): Promise<void> => {
      await movements.debit(t);
      await movements.giveUp(t, 'timed_out');
    };
    await during(`transfer/${t.transferId}`, n % 3 === 0 ? givenUp() : movements.settle(t));
  }
}
