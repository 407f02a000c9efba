// The cost of a reconciliation follows what changed, not what is stored: PostgreSQL itself counts the rows read, with ten
// thousand old movements and with two hundred thousand.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'drizzle-orm';
import type { Database } from '../../db/database.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { createReconciliation } from './reconciliation.ts';
import { movementsOver } from './movements.ts';
import { userOnShard } from './wallets.ts';

const FEW = 10_000;
const MANY = 200_000;
const CHANGED = 50;

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster?.stop());

/** Movements of yesterday: ended ones with their legs, entries and steps, a tenth that rest, and wallets with ten entries each. */
async function fill({ wallets, transfer }: TestStores, count: number): Promise<void> {
  const yesterday = `now() - interval '1 day'`;
  const id = (what: string, number: string): string => `md5('${what}' || ${number})::uuid`;
  const walletOf = (side: string): string => id(side, `g % ${count / 5}`);
  for (const [shard, side, leg, type] of [
    [0, 'sender', 'debit', 'DEBIT'],
    [1, 'receiver', 'credit', 'CREDIT'],
  ] as const) {
    const { admin } = wallets[shard]!;
    await rowsOf(
      admin,
      `INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
       SELECT gen_random_uuid(), ${walletOf(side)}, ${id('transfer', 'g')}, '${type}', 1, n, 100 + ${type === 'DEBIT' ? '-n' : 'n'}, ${yesterday}
       FROM (SELECT g, row_number() OVER (PARTITION BY g % ${count / 5} ORDER BY g) AS n FROM generate_series(1, ${count}) g WHERE g % 10 <> 0) moved`,
    );
    await rowsOf(
      admin,
      `INSERT INTO wallets (wallet_id, user_id, currency, balance, last_sequence)
       SELECT DISTINCT ON (wallet_id) wallet_id, 'old-' || wallet_id, 'USD', balance_after, sequence FROM ledger_entries ORDER BY wallet_id, sequence DESC`,
    );
    await rowsOf(
      admin,
      `INSERT INTO operation_fences (transaction_id, leg, outcome, wallet_id, currency, amount, created_at)
       SELECT transaction_id, '${leg}', 'applied', wallet_id, 'USD', 1, created_at FROM ledger_entries`,
    );
    await rowsOf(admin, 'ANALYZE');
  }
  await rowsOf(
    transfer.admin,
    `INSERT INTO transfers (transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, idempotency_key, body_hash,
       request_id, deadline_at, status, scheduled_at, created_at, updated_at)
     SELECT ${id('transfer', 'g')}, ${walletOf('sender')}, ${walletOf('receiver')}, 1, 'USD', 'old', '\\x00', 'old', now(),
       CASE WHEN g % 10 = 0 THEN 'SCHEDULED' ELSE 'COMPLETED' END, CASE WHEN g % 10 = 0 THEN now() END,
       ${yesterday} - g * interval '1 second', ${yesterday} - g * interval '1 second'
     FROM generate_series(1, ${count}) g`,
  );
  await rowsOf(
    transfer.admin,
    `INSERT INTO transfer_steps (transfer_id, step, created_at)
     SELECT transfer_id, step, created_at FROM transfers, unnest(ARRAY['PENDING', 'COMPLETED']) WITH ORDINALITY AS s (step, nth)
     WHERE status = 'COMPLETED' ORDER BY transfer_id, nth`,
  );
  await rowsOf(transfer.admin, 'ANALYZE');
}

/** Rows and index entries that all sessions have read of a database's tables since the statistics were reset. */
async function read(admin: Database): Promise<number> {
  const [row] = await rowsOf<{ read: string }>(
    admin,
    `SELECT (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables) + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes) AS read`,
  );
  return Number(row!.read);
}

async function costOf(count: number): Promise<{ rowsRead: number; checked: number }> {
  // One connection each, so that its statistics can be told to be written at once.
  const stores = await cluster.createStores({ connectionsMax: 1 });
  await fill(stores, count);
  const reconciliation = createReconciliation(stores);
  const movements = movementsOver(stores);
  // Whatever there was before has been looked at: only the marks matter here, so a row stands for that run.
  await rowsOf(
    stores.transfer.admin,
    `INSERT INTO reconciliation_runs (run_id, workflow_id, trigger, status, from_mark, to_mark, finished_at)
     VALUES (gen_random_uuid(), 'before', 'schedule', 'CLEAN', to_timestamp(0), now(), now())`,
  );
  // By the connection whose statistics are told to be written: another's might be counted as the run's.
  const resting = await rowsOf<{ id: string }>(
    stores.transfer.service,
    `SELECT transfer_id AS id FROM transfers WHERE status = 'SCHEDULED'`,
  );
  for (const { id } of resting) reconciliation.states.set(`transfer/${id}`, 'open');
  const [sender, receiver] = [
    await movements.wallets.open(userOnShard(0, 2)),
    await movements.wallets.open(userOnShard(1, 2)),
  ];
  await movements.transact(await movements.acceptTransaction('CREDIT', sender, '1000.0000'));
  for (let i = 0; i < CHANGED; i += 1)
    await movements.settle(await movements.acceptTransfer(sender, receiver, '1.0000'));

  const databases = [stores.transfer, ...stores.wallets];
  const flush = () =>
    Promise.all(databases.map(({ service }) => service.execute(sql`SELECT pg_stat_force_next_flush()`)));
  await flush();
  const before = await Promise.all(databases.map(({ admin }) => read(admin)));
  const { checked, found, looks } = await reconciliation.run();
  await flush();
  const after = await Promise.all(databases.map(({ admin }) => read(admin)));
  assert.equal(found, 0);
  // The next run goes on from there.
  const [run] = await rowsOf<{ patrol: Record<string, { atMs: number } | null> }>(
    stores.transfer.admin,
    'SELECT patrol FROM reconciliation_runs ORDER BY run_number DESC LIMIT 1',
  );
  assert.ok(looks['ended/transfer']! < count && run!.patrol['ended/transfer'] !== null);
  return { rowsRead: after.reduce((sum, each, index) => sum + each - before[index]!, 0), checked };
}

test('a run reads as many rows with two hundred thousand old movements as with ten thousand', async (t) => {
  const few = await costOf(FEW);
  const many = await costOf(MANY);
  t.diagnostic(`rows read: ${few.rowsRead} with ${FEW} old movements, ${many.rowsRead} with ${MANY}`);
  assert.equal(many.checked, few.checked);
  assert.ok(few.rowsRead > CHANGED, 'what is read is counted');
  assert.ok(many.rowsRead < few.rowsRead * 1.5, `${few.rowsRead} and ${many.rowsRead}`);
});
