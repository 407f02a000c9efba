// The reconciliation on a real stack: what was terminated or damaged from outside is found, repaired or kept as a case, and the
// case is closed again. Once with everything in one process; and with separate services, where the ledger is read over HTTP, again
// what is not of batches: over HTTP nothing is asked for that names one.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ensureReconciliationSchedule } from '../../temporal/transfer/start-reconciliation.ts';
import { restoreToPending, untilListedAsClosed, untilNotedAsStarted } from './closed-from-outside.ts';
import { openMoney, shardPlace, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

interface Run {
  readonly run_id: string;
  readonly status: string;
  readonly from: string;
  readonly checked: number;
  readonly repaired: number;
  readonly cases_opened: number;
  readonly cases_closed: number;
  readonly found: number;
  readonly findings: { subject: string; reason: string; detail: string }[];
}

interface Case {
  readonly case_id: string;
  readonly subject: string;
  readonly reason: string;
  readonly status: string;
  readonly last_error: string;
  readonly attempts: number;
  readonly history: { action: string; actor: string; comment: string; at: string }[];
}

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: Record<'total' | 'pending' | 'completed' | 'failed', number>;
}

interface Cases {
  readonly data: Case[];
  readonly open_count: number;
  readonly oldest_open_at: string | null;
  readonly oldest_open_age_seconds: number | null;
}

for (const separate of [false, true]) {
  describe(`the reconciliation, ${separate ? 'the services apart' : 'all in one process'}`, () => {
    let stack: TestStack;
    let money: Money;
    before(async () => {
      stack = await startStack({ separate });
      await stack.waitUntilReady();
      money = await openMoney(stack);
    });
    after(async () => {
      await money?.close();
      await stack?.remove();
    });

    const run = async (): Promise<Run> => {
      const { status, body } = await money.api.post<Run>('/v1/reconciliation-runs', undefined, { prefer: 'wait=60' });
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    const postBatch = (items: object[]) =>
      money.api.post<Batch>(
        '/v1/transfer-batches',
        { items: items.map((item) => ({ ...item, amount: '1' })) },
        { 'idempotency-key': randomUUID() },
      );
    const untilBatchEnded = async (id: string): Promise<Batch> => {
      let batch: Batch | undefined;
      await until(120_000, `the batch ${id} did not end`, async () => {
        batch = (await money.api.get<Batch>(`/v1/transfer-batches/${id}`)).body;
        return batch.status === 'COMPLETED';
      });
      return batch!;
    };
    const openCases = async (): Promise<Cases> => (await money.api.get<Cases>('/v1/cases?status=OPEN')).body;
    const resolve = (id: string, action: string, headers: Record<string, string> = { 'x-actor': 'alice' }) =>
      money.api.post<Case & { code: string }>(`/v1/cases/${id}/resolve`, { action, comment: 'Seen by hand.' }, headers);

    const runClosesTheCase = async (): Promise<void> =>
      assert.deepEqual([(await run()).cases_closed, (await openCases()).open_count], [1, 0]);

    test('the schedule is there, skips what overlaps, and stays as an operator has left it', async () => {
      const schedule = money.temporal.schedule.getHandle('reconciliation');
      await schedule.pause('by a test');
      await ensureReconciliationSchedule(money.temporal);
      const { spec, policies, state } = await schedule.describe();
      assert.deepEqual([spec.intervals?.[0]?.every, policies.overlap, state.paused], [300_000, 'SKIP', true]);
      // Paused it stays, so that no run of its own comes between those that the tests ask for; but once it is triggered.
      await schedule.trigger();
      await until(120_000, 'it made no run', async () => {
        const { data } = (await money.api.get<{ data: (Run & { trigger: string })[] }>('/v1/reconciliation-runs')).body;
        return data.some(({ trigger, status }) => trigger === 'schedule' && status === 'CLEAN');
      });
    });

    test('a stack that is in order is CLEAN, and so is its run a moment later', async () => {
      const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
      for (let i = 0; i < 3; i += 1) await money.api.transfer(sender, receiver, '1');
      const first = await run();
      assert.deepEqual([first.status, first.found, first.findings], ['CLEAN', 0, []]);
      assert.ok(first.checked >= 3);
      const second = await run();
      assert.equal(second.status, 'CLEAN');
      assert.ok(Date.parse(second.from) > Date.now() - 180_000, second.from);
      const listed = await money.api.get<{ data: Run[] }>('/v1/reconciliation-runs?limit=1');
      assert.deepEqual(listed.body.data, [second]);
      const { body } = await money.api.get<Run>(`/v1/reconciliation-runs/${first.run_id}`);
      assert.deepEqual(body, first);
    });

    for (const held of ['sender', 'receiver'] as const) {
      test(`a transfer whose workflow is terminated at its ${held} is started again, and ends properly`, async () => {
        const [sender, receiver] = [await money.wallet(0, '100'), await money.wallet(1)];
        const release = await money.lockWallet(held === 'sender' ? sender : receiver);
        const { body } = await money.api.transfer(sender, receiver, '30', { 'idempotency-key': randomUUID() });
        const workflow = money.temporal.workflow.getHandle(`transfer/${body.transfer_id}`);
        const reached = held === 'sender' ? 'PENDING' : 'DEBITED';
        await until(120_000, `it is not ${reached}`, async () => {
          await workflow.describe();
          return (await money.api.get<Run>(`/v1/transfers/${body.transfer_id}`)).body.status === reached;
        });
        // A worker that is still at the first task of a workflow goes on with it unasked.
        await until(120_000, 'it does not wait', async () => {
          const { raw } = await workflow.describe();
          return (raw.pendingActivities ?? []).length > 0;
        });
        await untilNotedAsStarted(money, body.transfer_id);
        await workflow.terminate('by a test');
        await untilListedAsClosed(money, `transfer/${body.transfer_id}`);
        await release();

        const { status, repaired, found } = await run();
        assert.deepEqual([status, repaired, found], ['REPAIRED', 1, 0]);
        await until(120_000, 'it did not end', async () => {
          const { status: now } = (await money.api.get<Run>(`/v1/transfers/${body.transfer_id}`)).body;
          return now === 'COMPLETED';
        });
        assert.equal((await run()).status, 'CLEAN');
        assert.equal((await openCases()).open_count, 0);
        await money.assertSound({ withLog: false });
      });
    }

    if (!separate) {
      for (const held of ['sender', 'receiver'] as const) {
        test(`a batch whose workflow is terminated at a ${held} of its second chunk is started again, and ends properly`, async () => {
          const [sender, receiver] = [await money.wallet(0, '10000'), await money.wallet(1)];
          const last = held === 'sender' ? await money.wallet(0, '100') : await money.wallet(1);
          const release = await money.lockWallet(last);
          const { body } = await postBatch([
            ...Array.from({ length: 5_399 }, () => ({ sender_wallet_id: sender, receiver_wallet_id: receiver })),
            held === 'sender'
              ? { sender_wallet_id: last, receiver_wallet_id: receiver }
              : { sender_wallet_id: sender, receiver_wallet_id: last },
          ]);
          await until(120_000, 'its first chunk is not there', async () => {
            const counts = (await money.api.get<Batch>(`/v1/transfer-batches/${body.batch_id}`)).body.counts;
            const balance = await money.api.balance(sender);
            return held === 'sender' ? balance === '5000.0000' : counts.completed === 5_000;
          });
          const workflow = money.temporal.workflow.getHandle(`batch/${body.batch_id}`);
          // A worker that is still at the first task of a workflow goes on with it unasked, and might end the batch.
          await until(120_000, 'its second chunk does not wait', async () => {
            const { raw } = await workflow.describe();
            return (raw.pendingActivities ?? []).some(({ activityType }) =>
              /^(debit|credit)Batch$/.test(activityType!.name!),
            );
          });
          await workflow.terminate('by a test');
          await untilListedAsClosed(money, `batch/${body.batch_id}`);
          await release();

          // A run may come before Temporal lists what was terminated; the next one finds it.
          await until(120_000, 'no run repairs it', async () => {
            const { repaired, found } = await run();
            assert.equal(found, 0);
            const { status } = (await money.api.get<Batch>(`/v1/transfer-batches/${body.batch_id}`)).body;
            return repaired > 0 || status === 'COMPLETED';
          });
          assert.deepEqual((await untilBatchEnded(body.batch_id)).counts, {
            total: 5_400,
            pending: 0,
            completed: 5_400,
            failed: 0,
          });
          assert.equal(await money.api.balance(sender), held === 'sender' ? '4601.0000' : '4600.0000');
          assert.equal((await run()).status, 'CLEAN');
          assert.equal((await openCases()).open_count, 0);
          await money.assertSound({ withLog: false });
        });
      }

      test('an open case of a running batch tells what Temporal knows now, cannot be closed by hand, and is closed by a run once it has ended', async () => {
        const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
        const release = await money.lockWallet(sender);
        const { body } = await postBatch([{ sender_wallet_id: sender, receiver_wallet_id: receiver }]);
        const [opened] = await money.rows<{ case_id: string }>(
          'transfer',
          `INSERT INTO cases (subject, reason, last_error) VALUES ($1, 'refund_failing', 'as it was stored') RETURNING case_id`,
          [`batch/${body.batch_id}`],
        );
        await until(120_000, 'the failing debit is not shown', async () =>
          /lock timeout/.test((await money.api.get<Case>(`/v1/cases/${opened!.case_id}`)).body.last_error),
        );
        const refused = await resolve(opened!.case_id, 'close');
        assert.deepEqual([refused.status, refused.body.code], [409, 'case_has_workflow']);
        assert.match(JSON.stringify(refused.body), /when its batch ends/);
        assert.equal((await run()).cases_closed, 0);
        await release();
        await untilBatchEnded(body.batch_id);
        await runClosesTheCase();
      });

      test('a batch that was restored to before its end is started again, once for all of its items, and ends as its fences say', async () => {
        const [sender, receiver] = [await money.wallet(0, '1000'), await money.wallet(1)];
        const { body } = await postBatch(
          Array.from({ length: 600 }, () => ({ sender_wallet_id: sender, receiver_wallet_id: receiver })),
        );
        await untilBatchEnded(body.batch_id);
        await restoreToPending(money, 'batch_id', body.batch_id);
        await money.rows(
          'transfer',
          `UPDATE transfer_batches SET status = 'PROCESSING', completed_count = 0, start_due_at = NULL, updated_at = clock_timestamp() WHERE batch_id = $1`,
          [body.batch_id],
        );
        const { status, repaired, found } = await run();
        assert.deepEqual([status, repaired, found], ['REPAIRED', 1, 0]);
        assert.equal((await untilBatchEnded(body.batch_id)).counts.completed, 600);
        await money.assertSound({ withLog: false });
        assert.deepEqual([(await run()).status, (await openCases()).open_count], ['CLEAN', 0]);
        assert.equal(await money.api.balance(sender), '400.0000');
      });
    }

    test('a transfer that was restored to before its end is started again, and ends as its fences say', async () => {
      const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
      const { body } = await money.api.transfer(sender, receiver, '4');
      await restoreToPending(money, 'transfer_id', body.transfer_id);
      const { status, repaired, found } = await run();
      assert.deepEqual([status, repaired, found], ['REPAIRED', 1, 0]);
      await money.assertSound({ withLog: false });
      const { body: ended } = await money.api.get<Run>(`/v1/transfers/${body.transfer_id}`);
      assert.equal(ended.status, 'COMPLETED');
      assert.deepEqual([(await run()).status, (await openCases()).open_count], ['CLEAN', 0]);
      assert.equal(await money.api.balance(sender), '6.0000');
    });

    test('an open case of a running workflow tells what Temporal knows now, is resolved at its transfer, and is closed by a run once that has ended', async () => {
      const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
      const release = await money.lockWallet(sender);
      const { body } = await money.api.transfer(sender, receiver, '1', { 'idempotency-key': randomUUID() });
      const [{ case_id }] = (await money.rows<{ case_id: string }>(
        'transfer',
        `INSERT INTO cases (transfer_id, subject, reason, last_error) VALUES ($1, $2, 'refund_failing', 'as it was stored') RETURNING case_id`,
        [body.transfer_id, `transfer/${body.transfer_id}`],
      )) as [{ case_id: string }];
      const stored = (await openCases()).data[0]!;
      assert.deepEqual([stored.case_id, stored.attempts, stored.last_error], [case_id, 0, 'as it was stored']);
      await until(120_000, 'the failing debit is not shown', async () => {
        const { attempts, last_error } = (await money.api.get<Case>(`/v1/cases/${case_id}`)).body;
        return attempts >= 2 && /lock timeout/.test(last_error);
      });
      const refused = await resolve(case_id, 'close');
      assert.deepEqual([refused.status, refused.body.code], [409, 'case_has_workflow']);
      assert.match(JSON.stringify(refused.body), new RegExp(`/v1/transfers/${body.transfer_id}/resolve`));
      await release();
      await money.assertSound({ withLog: false });
      const ended = (await money.api.get<Case>(`/v1/cases/${case_id}`)).body;
      assert.deepEqual([ended.status, ended.last_error], ['OPEN', 'as it was stored'], 'nothing is tried any more');
      await runClosesTheCase();
    });

    test('a one-sided transaction whose workflow is terminated is started again', async () => {
      const wallet = await money.wallet(0, '5');
      const release = await money.lockWallet(wallet);
      const { body } = await money.api.post<{ transaction_id: string }>(
        '/v1/transactions',
        { wallet_id: wallet, type: 'DEBIT', amount: '2' },
        { 'idempotency-key': randomUUID() },
      );
      const workflow = money.temporal.workflow.getHandle(`transaction/${body.transaction_id}`);
      await until(120_000, 'it is not started', async () => (await workflow.describe()).status.name === 'RUNNING');
      await workflow.terminate('by a test');
      await release();
      assert.equal((await run()).repaired, 1);
      await money.assertSound({ withLog: false });
      assert.equal(await money.api.balance(wallet), '3.0000');
    });

    test('an entry and a fence that nobody asked for are cases, closed by an operator and not found again', async () => {
      const [wallet, other] = [await money.wallet(0, '10'), await money.wallet(1, '10')];
      const [orphanEntry, orphanFence] = [randomUUID(), randomUUID()];
      await money.rows(
        shardPlace(wallet),
        `WITH moved AS (UPDATE wallets SET balance = balance + 7, last_sequence = last_sequence + 1 WHERE wallet_id = $1 RETURNING *)
         INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
         SELECT gen_random_uuid(), wallet_id, $2, 'CREDIT', 7, last_sequence, balance, clock_timestamp() FROM moved`,
        [wallet, orphanEntry],
      );
      await money.rows(
        shardPlace(other),
        `INSERT INTO operation_fences (transaction_id, leg, outcome, wallet_id, currency, amount) VALUES ($1, 'debit', 'applied', $2, 'USD', 1)`,
        [orphanFence, other],
      );
      const { status, found, cases_opened, findings } = await run();
      assert.deepEqual([status, found, cases_opened], ['FOUND', 2, 2], JSON.stringify(findings));
      assert.deepEqual(
        findings.map(({ subject, reason }) => `${subject} ${reason}`).sort(),
        [orphanEntry, orphanFence].map((id) => `movement/${id} entries_without_movement`).sort(),
      );
      const again = await run();
      assert.deepEqual([again.found, again.cases_opened], [2, 0], 'what is known has one case');

      for (const { case_id } of (await openCases()).data) {
        assert.deepEqual([(await resolve(case_id, 'retry')).body.status], ['OPEN'], 'it disagrees still');
        const { body } = await resolve(case_id, 'close');
        assert.equal(body.status, 'RESOLVED');
        assert.deepEqual(
          body.history.map(({ action, actor }) => `${action} ${actor}`),
          ['opened counterpoise', 'retry root', 'resolved root'],
        );
        assert.deepEqual((await resolve(case_id, 'close')).body, body, 'a repeat changes nothing');
      }
      assert.deepEqual([(await run()).status, (await openCases()).open_count], ['CLEAN', 0]);
    });

    test('a balance that was changed is a case, which closes by itself once it is put right', async () => {
      const wallet = await money.wallet(1, '10');
      const place = shardPlace(wallet);
      const change = (by: number) =>
        money.rows(place, `UPDATE wallets SET balance = balance + ${by} WHERE wallet_id = $1`, [wallet]);
      await change(1);
      const broken = await run();
      assert.deepEqual(
        [broken.status, broken.cases_opened, broken.findings],
        [
          'FOUND',
          1,
          [
            {
              subject: `wallet/${wallet}`,
              reason: 'balance_disagrees',
              detail: 'its balance is 1.0000 more than its entries sum to',
            },
          ],
        ],
      );
      const { data, open_count, oldest_open_at, oldest_open_age_seconds } = await openCases();
      assert.equal(open_count, 1);
      assert.ok(Date.parse(oldest_open_at!) <= Date.now() + 1_000 && oldest_open_age_seconds! >= 0);
      await change(-1);
      const healed = await run();
      assert.deepEqual([healed.status, healed.cases_closed, healed.found], ['CLEAN', 1, 0]);
      const { body } = await money.api.get<Case>(`/v1/cases/${data[0]!.case_id}`);
      assert.deepEqual(
        [body.status, body.history.map(({ action, actor }) => `${action} ${actor}`)],
        ['RESOLVED', ['opened counterpoise', 'closed counterpoise']],
      );
    });

    test('a row whose end its entries deny is a case, and a retry closes it once they agree', async () => {
      const [sender, receiver] = [await money.wallet(0, '10'), await money.wallet(1)];
      const { body } = await money.api.transfer(sender, receiver, '4');
      const damage = (status: string) =>
        money.rows(
          'transfer',
          `UPDATE transfers SET status = $2, updated_at = clock_timestamp() WHERE transfer_id = $1`,
          [body.transfer_id, status],
        );
      await damage('CANCELED');
      const { findings } = await run();
      assert.deepEqual([findings.length, findings[0]?.reason], [1, 'entries_disagree'], JSON.stringify(findings));
      assert.equal(findings[0]?.subject, `transfer/${body.transfer_id}`);
      await damage('COMPLETED');
      const [opened] = (await openCases()).data;
      const retried = await resolve(opened!.case_id, 'retry');
      assert.deepEqual([retried.status, retried.body.status], [200, 'RESOLVED']);
      assert.deepEqual(
        retried.body.history.map(({ action, actor }) => `${action} ${actor}`),
        ['opened counterpoise', 'retry root', 'closed counterpoise'],
      );
    });
  });
}
