// Readiness asks the databases for what a movement needs: while somebody holds a table locked, it says in time that it is not
// ready, and it is ready again once the lock is gone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { pino } from 'pino';
import { healthRoutes } from '../../api/health.ts';
import { transferDatabaseCheck, walletShardChecks, watchReadiness } from '../../api/readiness.ts';
import { startCluster, type TestCluster, type TestStores } from './database.ts';

/** The contract's two seconds, and what a machine that does other things may add. */
const ANSWER_LIMIT_MS = 2_000 + 1_500;

describe('readiness', () => {
  let cluster: TestCluster;
  let stores: TestStores;

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: 1 });
  });
  after(() => cluster?.stop());

  const table: [service: 'wallet' | 'transfer', locked: string, mode: string][] = [
    ['wallet', 'wallets', 'ACCESS EXCLUSIVE'],
    ['wallet', 'wallets', 'SHARE'],
    ['wallet', 'ledger_entries', 'ACCESS EXCLUSIVE'],
    ['wallet', 'operation_fences', 'ACCESS EXCLUSIVE'],
    ['transfer', 'transfers', 'ACCESS EXCLUSIVE'],
    ['transfer', 'transfers', 'SHARE'],
    ['transfer', 'transfer_steps', 'ACCESS EXCLUSIVE'],
  ];
  for (const [service, locked, mode] of table) {
    test(`a stack whose ${locked} are locked in ${mode} mode is not ready, and is when they are not`, async () => {
      const { service: database, adminUrl } = service === 'wallet' ? stores.wallets[0]! : stores.transfer;
      const checks =
        service === 'wallet' ? walletShardChecks([database]) : { 'transfer-database': transferDatabaseCheck(database) };
      const ready = async (): Promise<{ status: number; said: string; tookMs: number }> => {
        const startedAt = performance.now();
        // Nothing is remembered: each asks anew.
        const app = healthRoutes(watchReadiness(checks, pino({ level: 'silent' })));
        const response = await app.request('/health/ready');
        return { status: response.status, said: await response.text(), tookMs: performance.now() - startedAt };
      };
      assert.equal((await ready()).status, 200);

      const holder = new pg.Client({ connectionString: adminUrl });
      await holder.connect();
      try {
        await holder.query(`BEGIN; LOCK TABLE ${locked} IN ${mode} MODE`);
        const { status, said, tookMs } = await ready();
        assert.equal(status, 503, said);
        assert.match(said, /a table that every movement needs is locked/);
        assert.ok(tookMs < ANSWER_LIMIT_MS, `${tookMs} ms`);
      } finally {
        await holder.end();
      }
      const { status, said } = await ready();
      assert.equal(status, 200, said);
    });
  }
});
