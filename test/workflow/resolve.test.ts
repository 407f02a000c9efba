import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { ResolveAction } from '../../domain/transfer/case.ts';
import { resolveUpdate, retryUpdate } from '../../workflows/transfer/messages.ts';
import { it, keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { createServices, holdUp, unavailable, type ActivityName } from './services.ts';
import { startTransaction, startTransfer } from './start.ts';

const environment = useEnvironment();

/** A transfer whose compensation fails at `stuckAt` until it is healed, and is shown as a case. */
async function withStuckTransfer(
  stuckAt: ActivityName,
  use: (
    stuck: {
      handle: WorkflowHandle;
      heal: () => void;
      /** When it was first tried again after it was healed. */
      healedAttemptAt: () => number | undefined;
      resolve: (action: ResolveAction) => Promise<string>;
    },
    services: ReturnType<typeof createServices>,
  ) => Promise<void>,
) {
  let isHealed = false;
  let healedAttemptAt: number | undefined;
  const services = createServices({
    refuse: { credit: 'receiver_suspended' },
    before: async (name) => {
      if (name !== stuckAt) return;
      if (!isHealed) throw unavailable();
      healedAttemptAt ??= await environment().currentTimeMs();
    },
  });
  await withWorkers(services, async () => {
    const handle = await startTransfer(environment());
    await until(async () => {
      await environment().sleep('30 seconds');
      return services.attention.length > 0;
    });
    const resolve = (action: ResolveAction): Promise<string> =>
      refusalOf(handle.executeUpdate(resolveUpdate, { args: [{ action, actor: 'alice', comment: 'a test' }] }));
    await use({ handle, heal: () => (isHealed = true), healedAttemptAt: () => healedAttemptAt, resolve }, services);
    assert.equal((await handle.result()).status, 'FAILED');
    await keepHistory(`resolved-${stuckAt}-${services.resolutions.map(({ action }) => action).join('-')}`, handle);
  });
  return services;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await isSo()) return;
    await sleep(20);
  }
  assert.fail('it never became so');
}

describe('an operator', () => {
  for (const stuckAt of ['cancelCredit', 'refund'] as const) {
    it(`has ${stuckAt} tried at once, without waiting for the end of its pause`, async () => {
      const services = await withStuckTransfer(stuckAt, async ({ heal, healedAttemptAt, resolve }) => {
        const askedAt = await environment().currentTimeMs();
        heal();
        assert.equal(await resolve('retry'), '');
        await until(() => Promise.resolve(healedAttemptAt() !== undefined));
        // Its pause would have been a minute.
        assert.ok(healedAttemptAt()! - askedAt < 10_000, 'it waited for the end of its pause');
      });
      assert.deepEqual(services.resolutions, [{ action: 'retry', actor: 'alice', comment: 'a test' }]);
      assert.deepEqual(services.settled, [{ credited: '0', to: 'sender' }]);
    });
  }

  it('who has it tried while it still fails is answered, and it goes on being tried', async () => {
    const services = await withStuckTransfer('refund', async ({ heal, resolve }, { attempts }) => {
      assert.equal(await resolve('retry'), '');
      const tried = (): number => attempts.filter((name) => name === 'refund').length;
      const seen = tried();
      await until(async () => {
        await environment().sleep('1 minute');
        return tried() > seen;
      });
      heal();
      assert.equal(await resolve('retry'), '');
    });
    assert.deepEqual(services.settled, [{ credited: '0', to: 'sender' }]);
  });

  it('writes off a refund that cannot be paid: the external wallet gets it, and the transfer ends', async () => {
    const services = await withStuckTransfer('refund', async ({ heal, resolve }, { attempts }) => {
      // The fence that the write-off decides is what the refund finds, once it is answered at all.
      const written = resolve('write_off');
      await until(() => Promise.resolve(attempts.includes('writeOff')));
      heal();
      assert.equal(await written, '');
    });
    assert.deepEqual(services.settled, [{ credited: '0', to: 'external' }]);
  });

  it('cannot write off what nobody knows the place of: the credit’s fence has not answered', async () => {
    const services = await withStuckTransfer('cancelCredit', async ({ heal, resolve }) => {
      assert.equal(await resolve('write_off'), 'not_resolvable');
      heal();
      await resolve('retry');
    });
    assert.deepEqual(services.settled, [{ credited: '0', to: 'sender' }]);
  });

  it('forces a refund before the credit’s fence answers: the external wallet advances it, and is paid in the end', async () => {
    const services = await withStuckTransfer('cancelCredit', async ({ heal, resolve }, { advance }) => {
      assert.equal(await resolve('refund'), '');
      assert.equal(advance(), 'applied');
      heal();
      await resolve('retry');
    });
    assert.deepEqual(services.settled, [{ credited: '0', to: 'external' }]);
    assert.deepEqual(
      services.resolutions.map(({ action }) => action),
      ['refund', 'retry'],
    );
  });

  it('does not force a refund any more once the credit’s fence has answered, however late the request is written', async () => {
    const { hold, reached, release } = holdUp('recordCaseAction');
    let isHealed = false;
    const services = createServices({
      before: async (name, nth) => {
        await hold(name, nth);
        if (name === 'credit' || (name === 'cancelCredit' && !isHealed)) throw unavailable();
      },
    });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await until(async () => {
        await environment().sleep('1 minute');
        return services.attention.length > 0;
      });
      const ask = (action: ResolveAction): Promise<string> =>
        refusalOf(handle.executeUpdate(resolveUpdate, { args: [{ action, actor: 'alice', comment: 'a test' }] }));
      const refund = ask('refund');
      await reached;
      isHealed = true;
      assert.equal(await ask('retry'), '');
      await until(() => Promise.resolve(services.statuses.includes('FAILED')));
      release();
      assert.equal(await refund, 'not_resolvable');
      assert.equal((await handle.result()).status, 'FAILED');
    });
    assert.equal(services.advance(), undefined);
    assert.deepEqual(services.settled, [{ credited: '0', to: 'sender' }]);
  });

  it('is refused where nothing is stuck', async () => {
    await withWorkers(createServices(), async () => {
      const handle = await startTransfer(environment(), 'ordinary', { startInMs: 60_000 });
      const update = handle.executeUpdate(resolveUpdate, {
        args: [{ action: 'retry', actor: 'alice', comment: 'a test' }],
      });
      assert.equal(await refusalOf(update), 'not_resolvable');
      await handle.result();
    });
  });
});

it('an operator has the cancel of a one-sided transaction tried at once, and only while it is stuck', async () => {
  let isHealed = false;
  let healedAttemptAt: number | undefined;
  const services = createServices({
    before: async (name) => {
      if (name === 'transact') throw unavailable();
      if (name !== 'cancelTransaction') return;
      if (!isHealed) throw unavailable();
      healedAttemptAt ??= await environment().currentTimeMs();
    },
  });
  await withWorkers(services, async () => {
    const handle = await startTransaction(environment());
    assert.equal(await refusalOf(handle.executeUpdate(retryUpdate)), 'not_resolvable');
    await until(async () => {
      await environment().sleep('1 minute');
      return services.attention.length > 0;
    });
    const askedAt = await environment().currentTimeMs();
    isHealed = true;
    assert.equal(await refusalOf(handle.executeUpdate(retryUpdate)), '');
    await until(() => Promise.resolve(healedAttemptAt !== undefined));
    assert.ok(healedAttemptAt! - askedAt < 10_000, 'it waited for the end of its pause');
    assert.equal((await handle.result()).status, 'FAILED');
    await keepHistory('transaction-retried', handle);
  });
});
