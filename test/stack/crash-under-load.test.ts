// PostgreSQL, Temporal, the whole stack, and then processes drawn by a seed are killed or frozen under load. Clients repeat
// unanswered requests with their keys, as they are told to. In local dispatch, API and workers are one process, in which
// activities run inside the workflow's task and lose their answers with it. The two stacks run side by side.

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { draw, drawFrom } from '../../dev/draw.ts';
import { freeze, killAndAwaitNext } from './faults.ts';
import { startFurtherApi } from './further-api.ts';
import { startLoad } from './load.ts';
import { assertLogged } from './logged.ts';
import { openMoney, type Money } from './money.ts';
import { startStack, until, type TestStack } from './stack.ts';

const seed = Number(process.env['CRASH_SEED'] ?? randomInt(1_000_000));

describe('under load', { concurrency: 2 }, () => {
  describe('services that run apart', { concurrency: 1 }, () => {
    let stack: TestStack;
    let money: Money;

    before(async () => {
      stack = await startStack({ separate: true });
      await stack.waitUntilReady();
      money = await openMoney(stack);
    });
    after(async () => {
      await money?.close();
      await stack?.remove();
    });

    const table = [
      ['PostgreSQL killed', 'postgres', 'SIGKILL'],
      ['PostgreSQL stopped gracefully', 'postgres', 'SIGINT'],
      ['Temporal killed', 'temporal', 'SIGKILL'],
    ] as const;
    for (const [what, name, signal] of table) {
      test(`${what}: what was answered is kept, what was accepted ends, no money is made or lost`, async (t) => {
        t.diagnostic(`CRASH_SEED=${seed}`);
        const load = await startLoad(money, { seed: seed + table.findIndex((row) => row[0] === what), transfers: 60 });
        await load.untilAnswered(20);
        await killAndAwaitNext(stack, name, signal);
        await load.assertKept();
        await assertLogged(money);
      });
    }

    test('the whole stack killed with movements in flight: started again, it continues them', async () => {
      const [alice, bob] = await Promise.all([money.wallet(0, '100'), money.wallet(1)]);
      const unlock = await money.lockWallet(bob);
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => money.api.transfer(alice, bob, '1', { 'idempotency-key': randomUUID() })),
      );
      const [underWay] = await money.rows<{ count: number }>(
        'transfer',
        `SELECT count(*)::int FROM transfers WHERE status IN ('PENDING', 'DEBITED')`,
      );
      assert.equal(underWay!.count, answers.length, 'all are in flight');
      await stack.killAll();
      await unlock();
      await stack.start();
      await money.assertSound();
      for (const { body } of answers) assert.deepEqual(await money.entriesOf(body.transfer_id), ['CREDIT', 'DEBIT']);
    });

    test('processes killed and frozen at random: what was answered is kept, what was accepted ends, no money is made or lost', async (t) => {
      t.diagnostic(`CRASH_SEED=${seed}`);
      const load = await startLoad(money, { seed: seed + 1_000, transfers: 100 });
      for (let step = 0; step < 10; step += 1) {
        const name = drawFrom(
          [
            'worker-wallet-0',
            'worker-wallet-1',
            'worker-transfer',
            'worker-events',
            'api',
            'wallet-api',
            'temporal',
            'postgres',
          ],
          seed,
          'which',
          step,
        );
        const pauseMs = 300 + draw(seed, 'pause', step) * 1_200;
        if (stack.process(name) === undefined) {
          // It has not come back yet: that is fault enough.
        } else if (draw(seed, 'how', step) < 0.6) {
          stack.kill(name, 'SIGKILL');
        } else {
          const thaw = await freeze(stack, name);
          await sleep(draw(seed, 'for', step) * 2_000);
          thaw();
        }
        await sleep(pauseMs);
      }
      await stack.waitUntilReady(120_000);
      await load.assertKept();
      await assertLogged(money);
    });
  });

  describe('everything in one process, in local dispatch', { concurrency: 1 }, () => {
    let stack: TestStack;
    let money: Money;

    before(async () => {
      stack = await startStack({ env: { DISPATCH: 'local', REUSE_PORT: 'on' } });
      await stack.waitUntilReady();
      money = await openMoney(stack);
    });
    after(async () => {
      await money?.close();
      await stack?.remove();
    });

    test('killed twice under load: what was answered is kept, what was accepted ends, no money is made or lost', async (t) => {
      t.diagnostic(`CRASH_SEED=${seed}`);
      const load = await startLoad(money, { seed, transfers: 150 });
      await load.untilAnswered(30);
      await killAndAwaitNext(stack, 'app');
      await load.untilAnswered(90);
      await killAndAwaitNext(stack, 'app');
      await load.assertKept();
      await assertLogged(money);
    });

    test('a second API process on the same port answers too: either is killed, and what was answered is kept', async (t) => {
      t.diagnostic(`CRASH_SEED=${seed}`);
      const first = await startFurtherApi(stack);
      // If the test fails: the file does not end while a child of it runs.
      t.after(() => void first.process.kill('SIGKILL'));
      const before = await first.answered();
      const load = await startLoad(money, { seed: seed + 2_000, transfers: 120 });
      await load.untilAnswered(30);
      // Those that come by connections of their own: others stay with the process that has theirs.
      await until(120_000, 'the second process answers no part of the requests', async () => {
        await fetch(`${stack.api}/health`, { headers: { connection: 'close' } });
        return (await first.answered()) > before;
      });
      first.process.kill('SIGKILL');
      await load.untilAnswered(60);
      const next = await startFurtherApi(stack);
      t.after(() => void next.process.kill('SIGKILL'));
      await killAndAwaitNext(stack, 'app');
      await load.assertKept();
      await assertLogged(money);
      next.process.kill('SIGTERM');
      assert.deepEqual(await once(next.process, 'exit'), [0, null]);
    });
  });
});
