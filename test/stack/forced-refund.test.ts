// A forced refund on a real stack: it is requested while nobody knows what became of the credit, and is under way in the
// sender's shard when the credit turns out to have landed.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { transferId } from '../../domain/derived-id.ts';
import { unlessClosed } from '../../temporal/run-of-another-body.ts';
import { ATTENTION_SOON } from '../../nemesis/attention-soon.ts';
import { makeBuild } from '../../nemesis/build.ts';
import { openMoney, shardPlace, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const LIMIT_MS = 120_000;

interface Case {
  readonly status: string;
  readonly history: { readonly action: string }[];
}

interface Transfer {
  readonly status: string;
  readonly attention: { readonly case_id: string; readonly reason: string } | null;
}

for (const separate of [false, true]) {
  describe(`a forced refund, ${separate ? 'the services apart' : 'all in one process'}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
    let stack: TestStack;
    let money: Money;
    before(async () => {
      const build = makeBuild(join(directory, 'source'), ATTENTION_SOON);
      stack = await startStack({ separate, build });
      await stack.waitUntilReady();
      money = await openMoney(stack);
    });
    after(async () => {
      await money?.close();
      await stack?.remove();
      rmSync(directory, { recursive: true, force: true });
    });

    /** A credit that is under way: whoever asks its fence waits, and gives up, until it is committed. */
    async function creditUnderWay(key: string, receiver: string, amount: string): Promise<() => Promise<void>> {
      const holder = new pg.Client({ connectionString: stack.file().databases[shardPlace(receiver)]! });
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query(`SELECT credit($1, $2, 'USD', $3, 'a test', NULL)`, [transferId(key), receiver, amount]);
      return async () => {
        await holder.query('COMMIT');
        await holder.end();
      };
    }

    async function untilStuck(path: string): Promise<string> {
      let caseId: string | undefined;
      await until(LIMIT_MS, 'it needs no attention', async () => {
        const { attention } = (await money.api.get<Transfer>(path)).body;
        caseId = attention?.reason === 'cancel_credit_failing' ? attention.case_id : undefined;
        return caseId !== undefined;
      });
      return caseId!;
    }

    /** A transfer of 30 that was debited and is given up, while nobody can ask for its credit, which is about to land. */
    async function stuck() {
      const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
      const key = randomUUID();
      const commit = await creditUnderWay(key, receiver, '30.0000');
      await money.api.transfer(sender, receiver, '30', { 'idempotency-key': key, prefer: 'wait=0' });
      const path = `/v1/transfers/${transferId(key)}`;
      await until(LIMIT_MS, 'it is not debited', async () => (await money.api.balance(sender)) === '70.0000');
      await money.api.post(`${path}/cancel`, undefined, { prefer: 'wait=0' });
      const caseId = await untilStuck(path);
      return { sender, receiver, key, path, commit, caseId };
    }

    for (const ends of ['goes on', 'is terminated, and another run follows'] as const) {
      test(`whose credit turns out to have landed is never paid, while its workflow ${ends}`, async () => {
        const { sender, receiver, key, path, commit, caseId } = await stuck();

        const unlock = await money.lockWallet(sender);
        const resolve = (action: string) =>
          money.api.post(`${path}/resolve`, { action, comment: 'a test' }, { 'x-actor': 'alice', prefer: 'wait=5' });
        const refund = resolve('refund');
        await until(LIMIT_MS, 'it is not paid in advance', async () => {
          const [{ waits }] = (await money.rows<{ waits: boolean }>(
            shardPlace(sender),
            `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT advance(%') AS waits`,
          )) as [{ waits: boolean }];
          return waits;
        });
        await commit();
        if (ends === 'goes on') await resolve('retry');
        else await terminated(`transfer/${transferId(key)}`);
        assert.deepEqual([(await refund).status, (await refund).body['code']], [409, 'not_resolvable']);
        await until(LIMIT_MS, 'it did not complete', async () => (await status(path)) === 'COMPLETED');

        // Now the advance can be paid, if it ever can.
        await unlock();
        const advance = `SELECT outcome FROM operation_fences WHERE transaction_id = $1 AND leg = 'advance'`;
        assert.deepEqual(await money.rows(shardPlace(sender), advance, [transferId(key)]), [{ outcome: 'canceled' }]);
        await money.assertSound();
        assert.deepEqual([await money.api.balance(sender), await money.api.balance(receiver)], ['70.0000', '30.0000']);
        const { status: ended, history } = (await money.api.get<Case>(`/v1/cases/${caseId}`)).body;
        assert.equal(ended, 'RESOLVED');
        assert.deepEqual(
          history.map(({ action }) => action).filter((action) => action !== 'retry'),
          ['opened', 'refund', 'closed'],
        );
      });
    }

    test('that was paid before the credit turned out to have landed is the external wallet’s loss, and the log says so', async () => {
      const { sender, receiver, path, commit, caseId } = await stuck();
      const resolution = { action: 'refund', comment: 'a test' };
      const { status: taken } = await money.api.post(`${path}/resolve`, resolution, {
        'x-actor': 'alice',
        prefer: 'wait=0',
      });
      assert.equal(taken, 202);
      assert.equal(await money.api.balance(sender), '100.0000');
      await commit();
      await money.assertSound();
      assert.equal(await status(path), 'COMPLETED');
      assert.deepEqual([await money.api.balance(sender), await money.api.balance(receiver)], ['100.0000', '30.0000']);
      const { history } = (await money.api.get<Case>(`/v1/cases/${caseId}`)).body;
      assert.deepEqual(
        history.map(({ action }) => action),
        ['opened', 'refund', 'advanced', 'closed'],
      );
    });

    /** Unless the run was quicker: it ends as soon as it hears of the credit. */
    function terminated(workflowId: string): Promise<void> {
      return unlessClosed(money.temporal.workflow.getHandle(workflowId).terminate('by a test'));
    }

    async function status(path: string): Promise<string> {
      return (await money.api.get<Transfer>(path)).body.status;
    }
  });
}
