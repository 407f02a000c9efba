// What the reconciliation reads of a page of entries is of that page: at none of several sizes does PostgreSQL read all fences or all
// entries for it, as it would choose to with up to some hundred thousand of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ledgerOf } from '../../db/wallet/ledger.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { explaining, nodesOf, type PlanNode } from './plans.ts';

const SIZES = [10_000, 50_000, 100_000, 200_000];
const WALLETS = 1_000;
const PAGE_ROWS = 1_000;

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster?.stop());

for (const size of SIZES)
  test(`a page of ${size} entries is compared one by one`, async () => {
    const { wallets } = await cluster.createStores({ shards: 1 });
    const { admin, service } = wallets[0]!;
    const at = `now() - interval '1 hour' + i * interval '1 ms'`;
    for (const statement of [
      `INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
       SELECT gen_random_uuid(), md5('wallet' || i % ${WALLETS})::uuid, md5('transfer' || i)::uuid, 'CREDIT', 1, 1 + i / ${WALLETS}, 1 + i / ${WALLETS}, ${at}
       FROM generate_series(0, ${size - 1}) i`,
      `INSERT INTO wallets (wallet_id, user_id, currency, balance, last_sequence)
       SELECT DISTINCT ON (wallet_id) wallet_id, wallet_id, 'USD', balance_after, sequence FROM ledger_entries ORDER BY wallet_id, sequence DESC`,
      `INSERT INTO operation_fences (transaction_id, leg, outcome, wallet_id, currency, amount, created_at)
       SELECT transaction_id, 'credit', 'applied', wallet_id, 'USD', 1, created_at FROM ledger_entries`,
      'ANALYZE',
    ])
      await rowsOf(admin, statement);
    const plans: PlanNode[] = [];
    const ledger = ledgerOf([explaining(service, plans)]);
    const window = { fromMs: Date.now() - 7_200_000, untilMs: Date.now() };
    const { checked, wallets: wrong, movements } = await ledger.entries({ shard: 0, window });
    assert.deepEqual([checked, wrong, movements], [PAGE_ROWS, [], []]);
    for (const node of plans.flatMap(nodesOf)) {
      const rows = node['Actual Rows'] * node['Actual Loops'];
      assert.ok(rows <= 2 * PAGE_ROWS, `${node['Node Type']} of ${node['Relation Name']}: ${rows} rows`);
    }
  });
