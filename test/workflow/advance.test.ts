// A forced refund is paid in advance by the external wallet, while nobody knows of the credit. Once the credit is known to have
// landed, the advance would be a gift, so its fence is closed before the transfer is COMPLETED.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { ResolveAction } from '../../domain/transfer/case.ts';
import type { TransferId } from '../../domain/ids.ts';
import { captureUpdate, resolveUpdate } from '../../workflows/transfer/messages.ts';
import { it, keepHistory, refusalOf, TimeStandsStill, useEnvironment, withWorkers } from './environment.ts';
import { createServices, holdUp, unavailable, type ActivityName, type FakeServices, type Faults } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const DAY_MS = 86_400_000;

/** Services of which some fail, before or after their effect: the receiver's until they are healed, the sender's for good. */
function failing(failures: Partial<Record<ActivityName, 'before' | 'after'>>, faults: Faults = {}) {
  const failingStill = new Map(Object.entries(failures));
  const failIn =
    (when: 'before' | 'after') =>
    async (name: ActivityName, nth: number): Promise<void> => {
      await faults[when]?.(name, nth);
      if (failingStill.get(name) === when) throw unavailable();
    };
  const services = createServices({ ...faults, before: failIn('before'), after: failIn('after') });
  /** One that heals while its cancel request is under way is more than the time-skipping server can bear. */
  const heal = (...names: ActivityName[]): void => names.forEach((name) => failingStill.delete(name));
  return { services, heal };
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await sleep(20);
  }
  throw new TimeStandsStill('it never became so');
}

/** Lets time pass until an operator is shown that something keeps failing. */
async function untilStuck(services: FakeServices): Promise<void> {
  await until(async () => {
    await environment().sleep('1 minute');
    return services.attention.length > 0;
  });
}

function ask(handle: WorkflowHandle, action: ResolveAction): Promise<string> {
  return refusalOf(handle.executeUpdate(resolveUpdate, { args: [{ action, actor: 'alice', comment: 'a test' }] }));
}

/** The advance's fence is closed, and only then the end is written. */
function assertClosedBeforeTheEnd({ attempts }: FakeServices): void {
  const [closed, written] = [attempts.lastIndexOf('cancelAdvance'), attempts.lastIndexOf('recordTransferStatus')];
  assert.ok(closed >= 0 && closed < written, attempts.join(', '));
}

describe('a forced refund of a transfer whose credit turns out to have landed', () => {
  it('is refused and never paid, if it had not been: its retries end, its fence is canceled, and its log entry stays', async () => {
    // The credit's answers are lost, and then its shard, and the sender's.
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before', advance: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refund = ask(handle, 'refund');
      await until(() => services.attempts.includes('advance'));
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      assert.equal(await refund, 'not_resolvable');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('advance-canceled', handle);
    });
    assert.deepEqual([services.advance(), services.advanceAtTheEnd()], ['canceled', 'canceled']);
    assert.deepEqual(
      services.resolutions.map(({ action }) => action),
      ['refund', 'retry'],
    );
    assertClosedBeforeTheEnd(services);
  });

  it('is canceled, too, where the row was restored to before an operator was shown it', async () => {
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before', advance: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refund = ask(handle, 'refund');
      await until(() => services.attempts.includes('advance'));
      services.attention.length = 0;
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      assert.equal(await refund, 'not_resolvable');
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
    assert.equal(services.advance(), 'canceled');
    assertClosedBeforeTheEnd(services);
  });

  it('is canceled, too, where the credit turns out to be that of another movement', async () => {
    const { services, heal } = failing({ credit: 'before', cancelCredit: 'before', advance: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refund = ask(handle, 'refund');
      await until(() => services.attempts.includes('advance'));
      services.fences.credit = { outcome: 'rejected', reason: 'terms_conflict' as never, amount: '25.0000' };
      heal('cancelCredit');
      await ask(handle, 'retry');
      assert.equal(await refund, 'not_resolvable');
      assert.equal((await handle.result()).status, 'FAILED');
      await keepHistory('advance-canceled-by-a-conflict', handle);
    });
    assert.equal(services.advance(), 'canceled');
    assertClosedBeforeTheEnd(services);
  });

  it('stays paid, if it had been: the end says so', async () => {
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      assert.equal(await ask(handle, 'refund'), '');
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('advance-paid', handle);
    });
    assert.deepEqual([services.advance(), services.advanceAtTheEnd()], ['applied', 'applied']);
    assertClosedBeforeTheEnd(services);
  });

  it('that was paid without an answer is answered as done, by its fence', async () => {
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before', advance: 'after' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refund = ask(handle, 'refund');
      await until(() => services.advance() === 'applied');
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      assert.equal(await refund, '');
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
    assert.equal(services.advanceAtTheEnd(), 'applied');
  });

  it('asked for many times is refused each time', async () => {
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before', advance: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refunds = [ask(handle, 'refund'), ask(handle, 'refund'), ask(handle, 'refund')];
      await until(() => services.resolutions.length === 3 && services.attempts.includes('advance'));
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      assert.deepEqual(await Promise.all(refunds), ['not_resolvable', 'not_resolvable', 'not_resolvable']);
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
    assert.equal(services.advance(), 'canceled');
  });

  it('keeps the end waiting while its fence cannot be asked, and an operator is shown that, and has it tried at once', async () => {
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before', cancelAdvance: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      await until(async () => {
        await environment().sleep('1 minute');
        return services.attention.some(({ reason }) => reason === 'cancel_advance_failing');
      });
      assert.equal(services.statuses.includes('COMPLETED'), false);
      assert.equal(await ask(handle, 'write_off'), 'not_resolvable');
      // Nothing is paid in advance any more.
      assert.equal(await ask(handle, 'refund'), '');
      assert.equal(services.advance(), undefined);
      heal('cancelAdvance');
      await ask(handle, 'retry');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('advance-attention', handle);
    });
    assert.equal(services.advanceAtTheEnd(), 'canceled');
  });

  for (const [part, amount] of [
    ['in part', '10.0000'],
    ['as a whole', '25.0000'],
  ] as const) {
    for (const isPaid of [false, true]) {
      it(`a hold that was captured ${part}: ${isPaid ? 'stays paid, if it had been' : 'is never paid, if it had not been'}`, async () => {
        const { services, heal } = failing({
          credit: 'after',
          cancelCredit: 'before',
          ...(isPaid ? {} : { advance: 'before' }),
        });
        await withWorkers(services, async () => {
          const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS });
          await until(() => services.statuses.includes('DEBITED'));
          await handle.executeUpdate(captureUpdate, { args: [{ amount }] });
          await untilStuck(services);
          const refund = ask(handle, 'refund');
          if (isPaid) assert.equal(await refund, '');
          else await until(() => services.attempts.includes('advance'));
          heal('credit', 'cancelCredit');
          await ask(handle, 'retry');
          assert.equal((await handle.result()).status, 'COMPLETED');
          assert.equal(await refund, isPaid ? '' : 'not_resolvable');
          await keepHistory(
            `advance-of-a-hold-captured-${part.replaceAll(' ', '-')}-${isPaid ? 'paid' : 'canceled'}`,
            handle,
          );
        });
        const isRestExternal = isPaid && part === 'in part';
        assert.deepEqual(services.settled, [{ credited: amount, to: isRestExternal ? 'external' : 'sender' }]);
        assert.equal(services.advanceAtTheEnd(), isPaid ? 'applied' : 'canceled');
      });
    }
  }
});

it('a forced refund that comes after the rest of a captured hold was given back is refused: there is nothing left to pay', async () => {
  const end = holdUp('recordTransferStatus', 2);
  const { services, heal } = failing(
    { credit: 'after', cancelCredit: 'before', advance: 'before' },
    { before: end.hold },
  );
  await withWorkers(services, async () => {
    const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS });
    await until(() => services.statuses.includes('DEBITED'));
    await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
    await untilStuck(services);
    const refund = ask(handle, 'refund');
    await until(() => services.attempts.includes('advance'));
    heal('credit', 'cancelCredit');
    await ask(handle, 'retry');
    await end.reached;
    heal('advance');
    assert.equal(await refund, 'not_resolvable');
    end.release();
    assert.equal((await handle.result()).status, 'COMPLETED');
  });
  assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  assert.equal(services.advanceAtTheEnd(), 'canceled');
});

describe('a run that follows one whose compensation needed attention', () => {
  /**
   * A transfer that is given up while its credit's answers are lost, and terminated while its advance is asked for; then
   * another run, and only then the advance arrives.
   */
  async function followed(dispatch: 'ordinary' | 'local', knows: boolean, history: string): Promise<FakeServices> {
    const { services, heal } = failing({ credit: 'after', cancelCredit: 'before', advance: 'before' });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refund = ask(handle, 'refund');
      refund.catch(() => {});
      await until(() => services.attempts.includes('advance'));
      await handle.terminate('by a test');
      heal('credit', 'cancelCredit', 'advance');
      services.attempts.length = 0;
      const transferId = handle.workflowId.slice('transfer/'.length) as TransferId;
      const next = await startTransfer(environment(), dispatch, { transferId, neededAttention: knows });
      assert.equal((await next.result()).status, 'COMPLETED');
      await keepHistory(history, next);
    });
    await services.activities.advance(undefined as never);
    assert.equal(services.advance(), 'canceled');
    assertClosedBeforeTheEnd(services);
    return services;
  }

  for (const dispatch of ['ordinary', 'local'] as const) {
    it(`closes its advance before the end, in ${dispatch} dispatch, and asks for no debit and no credit`, async () => {
      const { attempts } = await followed(dispatch, true, `advance-canceled-by-the-next-run-${dispatch}`);
      assert.deepEqual(
        attempts.filter((name) => name !== 'advance'),
        ['cancelCredit', 'cancelAdvance', 'recordTransferStatus'],
      );
    });

    it(`closes its advance before the end, in ${dispatch} dispatch, also if it was started from a row that was read before`, async () => {
      const { attempts } = await followed(dispatch, false, `advance-canceled-by-an-unknowing-run-${dispatch}`);
      assert.ok(attempts.includes('debit') && attempts.includes('credit'));
    });
  }

  for (const [when, end] of [
    ['before its deadline', { status: 'CANCELED' }],
    ['after it', { status: 'FAILED', failureReason: 'timed_out' }],
  ] as const) {
    it(`credits nothing any more: its sender may have been paid in advance; it ends ${when} as ${end.status}`, async () => {
      const services = createServices({ neededAttention: true });
      await services.activities.debit(undefined as never);
      await services.activities.advance(undefined as never);
      services.attempts.length = 0;
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', {
          neededAttention: true,
          ...(when === 'after it' ? { deadlineInMs: -1_000 } : {}),
        });
        assert.deepEqual(await handle.result(), end);
        await keepHistory(`after-attention-${end.status}`, handle);
      });
      assert.deepEqual(services.attempts, ['cancelCredit', 'refund', 'recordTransferStatus']);
      assert.deepEqual(services.settled, [{ credited: '0', to: 'external' }]);
    });
  }

  it('does not wait for its time, where it was scheduled', async () => {
    const services = createServices({ neededAttention: true });
    await withWorkers(services, async () => {
      const options = { neededAttention: true, startInMs: DAY_MS };
      const handle = await startTransfer(environment(), 'ordinary', options);
      assert.deepEqual(await handle.result(), { status: 'CANCELED' });
      // Not by the server's clock, which goes on while nothing is due in it.
      const { events } = await handle.fetchHistory();
      assert.ok(!events?.some((event) => event.timerFiredEventAttributes), 'it has waited for a timer');
    });
  });

  for (const captured of ['10.0000', '0.0000']) {
    it(`adopts what was decided of its hold, ${captured}, and credits nothing`, async () => {
      const services = createServices({ neededAttention: true });
      await services.activities.debit(undefined as never);
      await services.activities.decideCapture({ transferId: undefined as never, amount: captured });
      services.attempts.length = 0;
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment(), 'ordinary', { neededAttention: true, expiresInMs: DAY_MS });
        assert.equal((await handle.result()).status, Number(captured) > 0 ? 'FAILED' : 'CANCELED');
        await keepHistory(`after-attention-hold-${captured}`, handle);
      });
      assert.deepEqual(services.attempts, ['decideCapture', 'cancelCredit', 'refund', 'recordTransferStatus']);
    });
  }
});

// The last one: once an attempt that is under way was asked to end, the server does not skip time any more.
it('a forced refund that a frozen worker has in hand when the credit turns out to have landed is never paid, however late it thaws', async () => {
  const { hold, reached, release } = holdUp('advance');
  const { services, heal } = failing({ credit: 'after', cancelCredit: 'before' }, { before: hold });
  await withWorkers(services, async () => {
    try {
      const handle = await startTransfer(environment());
      await untilStuck(services);
      const refund = ask(handle, 'refund');
      await reached;
      heal('credit', 'cancelCredit');
      await ask(handle, 'retry');
      await until(() => services.statuses.includes('COMPLETED'));
      release();
      assert.equal(await refund, 'not_resolvable');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('advance-frozen', handle);
    } finally {
      release();
    }
  });
  assert.deepEqual([services.advance(), services.advanceAtTheEnd()], ['canceled', 'canceled']);
});
