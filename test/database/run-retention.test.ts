// The retention of the reconciliation's runs: the table stays bounded, and no run loses what it needs of the runs before it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { beginRun, removeOldRuns } from '../../db/transfer/run-queries.ts';
import type { RunId } from '../../domain/ids.ts';
import { OVERLAP_SECONDS } from '../../domain/transfer/reconciliation.ts';
import { rowsOf, startCluster, type TestCluster, type TestStores } from './database.ts';
import { createReconciliation } from './reconciliation.ts';

describe('runs of the reconciliation', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores({ shards: 1 });
  });
  after(() => cluster?.stop());
  beforeEach(() => rowsOf(stores.transfer.admin, 'TRUNCATE reconciliation_runs'));

  /** Runs that began so many days ago, a second apart, with run numbers that follow those before. */
  const insertRuns = (count: number, { daysAgo, status = 'CLEAN' }: { daysAgo: number; status?: string }) =>
    rowsOf(
      stores.transfer.admin,
      `INSERT INTO reconciliation_runs (run_id, workflow_id, trigger, status, from_mark, to_mark, started_at, finished_at)
       SELECT gen_random_uuid(), 'w', 'schedule', '${status}', at, at, at, CASE WHEN '${status}' <> 'RUNNING' THEN at END
       FROM generate_series(1, ${count}) i, LATERAL (SELECT now() - interval '${daysAgo} days' + i * interval '1 second') t (at)`,
    );
  const removeAll = async (): Promise<number> => {
    let removed = 0;
    for (let last = 1; last > 0; removed += last) last = await removeOldRuns(stores.transfer.service);
    return removed;
  };
  const kept = async (): Promise<string[]> =>
    (
      await rowsOf<{ line: string }>(
        stores.transfer.admin,
        `SELECT status || ' ' || (now()::date - started_at::date > 90) || ' ' || count(*) AS line FROM reconciliation_runs
         GROUP BY status, now()::date - started_at::date > 90 ORDER BY 1`,
      )
    ).map(({ line }) => line);

  test('go after ninety days, a hundred at a time', async () => {
    await insertRuns(350, { daysAgo: 100 });
    await insertRuns(250, { daysAgo: 10 });
    assert.equal(await removeOldRuns(stores.transfer.service), 100);
    assert.equal(await removeAll(), 250);
    assert.deepEqual(await kept(), ['CLEAN false 250']);
  });

  test('that have no result, or the newest marks, stay however old they are', async () => {
    await insertRuns(3, { daysAgo: 200, status: 'RUNNING' });
    await insertRuns(300, { daysAgo: 150 });
    await insertRuns(500, { daysAgo: 120, status: 'FAILED' });
    assert.equal(await removeAll(), 600);
    assert.deepEqual(await kept(), ['CLEAN true 200', 'RUNNING true 3']);
    const [newest] = await rowsOf<{ at: string }>(
      stores.transfer.admin,
      `SELECT extract(epoch FROM max(to_mark)) * 1000 AS at FROM reconciliation_runs WHERE status = 'CLEAN'`,
    );
    const next = await beginRun(stores.transfer.service, {
      runId: crypto.randomUUID() as RunId,
      workflowId: 'next',
      trigger: 'schedule',
    });
    assert.equal(next!.fromMark.getTime(), Math.round(Number(newest!.at)) - OVERLAP_SECONDS * 1_000);
  });

  test('that requests have made are a hundred thousand at most', async () => {
    await insertRuns(600, { daysAgo: 2 });
    await rowsOf(
      stores.transfer.admin,
      `SELECT setval('reconciliation_runs_run_number_seq', last_value + 99799) FROM reconciliation_runs_run_number_seq`,
    );
    await insertRuns(201, { daysAgo: 1 });
    assert.equal(await removeAll(), 600);
    assert.deepEqual(await kept(), ['CLEAN false 201']);
  });

  test('are removed by the runs that follow', async () => {
    await insertRuns(300, { daysAgo: 100 });
    await insertRuns(200, { daysAgo: 1 });
    await createReconciliation(stores).run();
    assert.deepEqual(await kept(), ['CLEAN false 201', 'CLEAN true 200']);
  });
});
