// Workers and APIs that are killed at known moments. A wallet worker is killed within an operation: an administrator's row locks
// keep a debit, a credit and a refund from committing, so that one kill affects all three; Temporal sees only that no answer comes,
// and tries again after the activity's time-out. The API is killed between accepting, starting and answering, the transfer worker
// while it has workflow tasks. And a wallet worker is frozen after it has received an operation and before it sends it, and thawed
// after the transfer was given up and compensated, so that the operation arrives when nobody waits for it any more.
//
// Most of the time is spent waiting for time-outs, so the two stacks run side by side.

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { transferId } from '../../domain/derived-id.ts';
import type { Movement } from './api-client.ts';
import { hasStopped } from '../../dev/freeze.ts';
import { freeze, killAndAwaitNext } from './faults.ts';
import {
  attemptsOf,
  fenceOf,
  blockLegs,
  LEGS,
  startFreezingWorker,
  blockedStatements,
  type FreezingWorker,
  type BlockedLegs,
} from './held-up.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const LIMIT_MS = 120_000;
/** Less than a credit may take before it is asked for again, or it would be made by another worker before the deadline. */
const DEADLINE_SECONDS = 2;
const AT_ONCE = 8;
/** temporal.api.enums.v1.PendingWorkflowTaskState */
const STARTED = 2;

describe('a process at fault', { concurrency: 2 }, () => {
  describe('movements whose processes are killed', { concurrency: 1 }, () => {
    let stack: TestStack;
    let money: Money;
    let alice: string;
    let bob: string;

    before(async () => {
      stack = await startStack({ separate: true });
      await stack.waitUntilReady();
      money = await openMoney(stack);
      [alice, bob] = await Promise.all([money.wallet(0, '1000'), money.wallet(1)]);
    });
    after(async () => {
      await money?.close();
      await stack?.remove();
    });

    describe('a wallet worker that is killed', () => {
      describe('before its operation commits', () => {
        let held: BlockedLegs;
        before(async () => {
          held = await blockLegs(money);
          await killAndAwaitNext(stack, 'worker-wallet-0');
          // The server does not notice that its client is gone; it gives the lock up by itself.
          await until(LIMIT_MS, 'statements still wait', async () => (await blockedStatements(money)).length === 0);
          for (const leg of LEGS)
            assert.equal(await fenceOf(money, held.transfers[leg], leg), undefined, `${leg} has not committed`);
          await held.release();
          await money.assertSound();
        });
        after(() => held?.release());
        provesThatEachIsMadeOnce(() => held);
      });

      describe('after its operation has committed, and before that is acknowledged', () => {
        let held: BlockedLegs;
        before(async () => {
          held = await blockLegs(money);
          await freeze(stack, 'temporal');
          await held.release();
          for (const leg of LEGS) {
            await until(
              LIMIT_MS,
              `the ${leg} did not commit`,
              async () => (await fenceOf(money, held.transfers[leg], leg)) === 'applied',
            );
          }
          await killAndAwaitNext(stack, 'worker-wallet-0');
          // Frozen, it has read no acknowledgement; killed, it never will read what its sockets hold.
          await killAndAwaitNext(stack, 'temporal');
          await stack.waitUntilReady();
          await money.assertSound();
        });
        after(() => held?.release());
        provesThatEachIsMadeOnce(() => held);
      });

      function provesThatEachIsMadeOnce(held: () => BlockedLegs): void {
        const expected = {
          debit: {
            name: 'the debit is made once, and the transfer completes',
            status: 'COMPLETED',
            reason: null,
            entries: ['CREDIT', 'DEBIT'],
          },
          credit: {
            name: 'the credit is made once, and the transfer completes',
            status: 'COMPLETED',
            reason: null,
            entries: ['CREDIT', 'DEBIT'],
          },
          refund: {
            name: 'the refund is made once, and the transfer fails for its reason',
            status: 'FAILED',
            reason: 'receiver_suspended',
            entries: ['DEBIT', 'REFUND'],
          },
        };
        for (const leg of LEGS) {
          const { name, status, reason, entries } = expected[leg];
          test(name, async () => {
            const id = held().transfers[leg];
            const { body } = await money.api.get<Movement>(`/v1/transfers/${id}`);
            assert.deepEqual([body.status, body.failure_reason], [status, reason]);
            assert.deepEqual(await money.entriesOf(id), entries);
            assert.ok((await attemptsOf(money, id, leg)) >= 2, `the ${leg} was asked for again`);
          });
        }
        test('every balance is what it has to be', async () => {
          for (const [walletId, balance] of Object.entries(held().balances))
            assert.equal(await money.api.balance(walletId), balance);
        });
      }
    });

    const transfer = (key: string, prefer?: string) =>
      money.api.transfer(alice, bob, '1', { 'idempotency-key': key, ...(prefer === undefined ? {} : { prefer }) });

    /** Sends the key until the API is there again and the transfer has ended. */
    async function repeatUntilEnded(key: string): Promise<{ movement: Movement; isReplay: boolean }> {
      let last: Awaited<ReturnType<typeof transfer>> | undefined;
      await until(LIMIT_MS, 'the transfer has not ended', async () => {
        last = await transfer(key, 'wait=20');
        return last.status === 200;
      });
      return { movement: last!.body, isReplay: last!.headers.get('idempotent-replayed') === 'true' };
    }

    async function movementsOf(key: string): Promise<string[]> {
      const rows = await money.rows<{ transfer_id: string }>(
        'transfer',
        'SELECT transfer_id FROM transfers WHERE idempotency_key = $1',
        [key],
      );
      return rows.map((row) => row.transfer_id);
    }

    test('an API killed after accepting a transfer and before starting it: the sweep starts it', async () => {
      const key = randomUUID();
      await freeze(stack, 'temporal');
      const unanswered = assert.rejects(transfer(key));
      await until(LIMIT_MS, 'it was not accepted', async () => (await movementsOf(key)).length === 1);
      await Promise.all([killAndAwaitNext(stack, 'api'), unanswered]);
      // The request to start it, if it was sent, is lost with the server that never read it.
      await killAndAwaitNext(stack, 'temporal');

      await money.assertSound();
      const { events } = await money.temporal.workflow.getHandle(`transfer/${transferId(key)}`).fetchHistory();
      const starter = events![0]!.workflowExecutionStartedEventAttributes!.identity!;
      assert.equal(
        starter.split('@')[0],
        String(stack.process('worker-transfer')),
        'the process with the sweep started it',
      );
      const { movement, isReplay } = await repeatUntilEnded(key);
      assert.deepEqual([movement.status, movement.transfer_id, isReplay], ['COMPLETED', transferId(key), true]);
    });

    test('an API killed after starting a transfer and before answering: its key, sent again, finds that one', async () => {
      const key = randomUUID();
      const unlock = await money.lockWallet(alice);
      const unanswered = assert.rejects(transfer(key, 'wait=60'));
      const handle = money.temporal.workflow.getHandle(`transfer/${transferId(key)}`);
      await until(LIMIT_MS, 'it was not started', async () => (await handle.describe()).status.name === 'RUNNING');
      await Promise.all([killAndAwaitNext(stack, 'api'), unanswered]);
      await unlock();

      const { movement, isReplay } = await repeatUntilEnded(key);
      assert.deepEqual([movement.status, movement.transfer_id, isReplay], ['COMPLETED', transferId(key), true]);
      assert.deepEqual(await movementsOf(key), [movement.transfer_id]);
      assert.deepEqual(await money.entriesOf(movement.transfer_id), ['CREDIT', 'DEBIT']);
      await money.assertSound();
    });

    test('a transfer worker killed with workflow tasks in its hands, under load: each transfer completes once', async () => {
      const balance = await money.api.balance(bob);
      const keys = Array.from({ length: 30 }, () => randomUUID());
      await Promise.all(keys.slice(0, 15).map((key) => transfer(key)));
      await freeze(stack, 'worker-transfer');
      await Promise.all(keys.slice(15).map((key) => transfer(key)));
      const hasTaskInHand = async (key: string): Promise<boolean> => {
        const { raw } = await money.temporal.workflow.getHandle(`transfer/${transferId(key)}`).describe();
        return raw.pendingWorkflowTask?.state === STARTED;
      };
      await until(LIMIT_MS, 'no workflow task was handed out', async () =>
        (await Promise.all(keys.map(hasTaskInHand))).includes(true),
      );
      await killAndAwaitNext(stack, 'worker-transfer');

      await money.assertSound();
      for (const key of keys) assert.deepEqual(await money.entriesOf(transferId(key)), ['CREDIT', 'DEBIT']);
      assert.equal(await money.api.balance(bob), (Number(balance) + keys.length).toFixed(4));
    });
  });

  describe(
    'a wallet worker that is frozen past its time-out, and thawed after compensation',
    { concurrency: 1 },
    () => {
      let stack: TestStack;
      let money: Money;
      let debiting: FreezingWorker;
      let crediting: FreezingWorker;
      let moving: FreezingWorker;
      const children: ChildProcess[] = [];
      const killChildren = (): void => children.forEach((child) => child.kill('SIGKILL'));

      before(async () => {
        process.once('exit', killChildren);
        stack = await startStack({ separate: true, env: { TRANSFER_DEADLINE_SECONDS: String(DEADLINE_SECONDS) } });
        await stack.waitUntilReady();
        money = await openMoney(stack);
        const [alice, bob, carol] = await Promise.all([money.wallet(0, '10000'), money.wallet(1), money.wallet(0)]);
        debiting = startFreezingWorker(stack, 0, 'debit', children);
        crediting = startFreezingWorker(stack, 1, 'credit', children);
        moving = startFreezingWorker(stack, 0, 'debitAndCredit', children);
        const workers = [debiting, crediting, moving];

        // Each shares its queue with the stack's own worker: some transfer's operation falls to it.
        await until(LIMIT_MS, 'the freezing workers were given nothing', async () => {
          if (workers.every((worker) => worker.given() !== undefined)) return true;
          const headers = { prefer: 'wait=2' };
          await Promise.all(
            Array.from({ length: AT_ONCE }, (_, n) =>
              money.api.transfer(alice, n % 2 === 0 ? bob : carol, '1', {
                ...headers,
                'idempotency-key': randomUUID(),
              }),
            ),
          );
          return false;
        });
        for (const worker of workers) {
          await until(LIMIT_MS, 'it is not frozen', () => hasStopped(worker.process.pid!));
          await until(
            LIMIT_MS,
            'its transfer has not ended',
            async () => (await transferOf(worker)).failure_reason !== null,
          );
          assert.equal(worker.answered(), undefined);
        }
      });
      after(async () => {
        killChildren();
        process.off('exit', killChildren);
        await money?.close();
        await stack?.remove();
      });

      async function transferOf(worker: FreezingWorker): Promise<Movement> {
        return (await money.api.get<Movement>(`/v1/transfers/${worker.given()}`)).body;
      }

      async function thaw(worker: FreezingWorker): Promise<void> {
        worker.process.kill('SIGCONT');
        await until(LIMIT_MS, 'the thawed worker did nothing', () => worker.answered() !== undefined);
      }

      test('a debit that arrives after the transfer was given up finds its fence and takes nothing', async () => {
        await thaw(debiting);
        assert.equal(debiting.answered()!.outcome, 'canceled');
        assert.deepEqual(await money.entriesOf(debiting.given()!), []);
        assert.equal((await transferOf(debiting)).failure_reason, 'timed_out');
      });

      test('a credit that arrives after its transfer was refunded finds its fence and gives nothing', async () => {
        assert.deepEqual(await money.entriesOf(crediting.given()!), ['DEBIT', 'REFUND']);
        await thaw(crediting);
        assert.equal(crediting.answered()!.outcome, 'canceled');
        assert.deepEqual(await money.entriesOf(crediting.given()!), ['DEBIT', 'REFUND']);
        assert.equal((await transferOf(crediting)).failure_reason, 'timed_out');
      });

      test('one that was between both legs of one shard gives nothing when it goes on', async () => {
        assert.deepEqual(await money.entriesOf(moving.given()!), ['DEBIT', 'REFUND']);
        await thaw(moving);
        assert.equal(moving.answered()!.outcome, 'canceled');
        assert.deepEqual(await money.entriesOf(moving.given()!), ['DEBIT', 'REFUND']);
        assert.equal((await transferOf(moving)).failure_reason, 'timed_out');
      });

      test('no money was made or lost', async () => void (await money.assertSound()));
    },
  );
});
