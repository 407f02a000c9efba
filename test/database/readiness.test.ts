// Readiness asks the databases for what a movement needs: while somebody holds a table locked, it says in time that it is not
// ready, and it is ready again once the lock is gone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { pino } from 'pino';
import { healthRoutes } from '../../api/health.ts';
import { transferDatabaseCheck, walletShardChecks, watchReadiness } from '../../api/readiness.ts';
import type { Database } from '../../db/database.ts';
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

  const checkOf = (service: string, database: Database): (() => Promise<void>) =>
    service === 'wallet' ? walletShardChecks([database])['wallet-database-0']! : transferDatabaseCheck(database);

  /** What a movement writes. */
  const written = {
    wallet: ['wallets', 'operation_fences', 'ledger_entries', 'outbox_events'],
    transfer: ['transfers', 'transactions', 'transfer_steps', 'movement_metadata', 'outbox_events'],
  } as const;
  const table = Object.entries(written).flatMap(([service, tables]) =>
    tables.flatMap((locked) => ['ACCESS EXCLUSIVE', 'SHARE'].map((mode) => [service, locked, mode] as const)),
  );
  for (const [service, locked, mode] of table) {
    test(`a ${service} database whose ${locked} are locked in ${mode} mode is not ready, and is when they are not`, async () => {
      const { service: database, adminUrl } = service === 'wallet' ? stores.wallets[0]! : stores.transfer;
      const checks = { database: checkOf(service, database) };
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

  test('a database that somebody writes, vacuums or makes an index in without a lock is ready', async () => {
    for (const [service, tables] of Object.entries(written)) {
      const { service: database, adminUrl } = service === 'wallet' ? stores.wallets[0]! : stores.transfer;
      const holder = new pg.Client({ connectionString: adminUrl });
      await holder.connect();
      try {
        // That of VACUUM and of CREATE INDEX CONCURRENTLY is the stronger one.
        for (const mode of ['ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE']) {
          await holder.query(`BEGIN; LOCK TABLE ${tables.join(', ')} IN ${mode} MODE`);
          await checkOf(service, database)();
          await holder.query('ROLLBACK');
        }
      } finally {
        await holder.end();
      }
    }
  });

  test('a server that takes no writes is not ready', async () => {
    for (const [service, { serviceUrl }] of Object.entries({ wallet: stores.wallets[0]!, transfer: stores.transfer })) {
      const readOnly = cluster.open(`${serviceUrl}?options=-c%20default_transaction_read_only%3Don`);
      await assert.rejects(checkOf(service, readOnly), { code: '25006' });
    }
  });
});
