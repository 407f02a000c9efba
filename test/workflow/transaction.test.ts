import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createServices, failIf, holdUp } from './services.ts';
import { startTransaction } from './start.ts';

const environment = useEnvironment();

describe('a one-sided transaction', () => {
  it('moves its money and ends PROCESSED', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransaction(environment());
      assert.deepEqual(await handle.result(), { status: 'PROCESSED' });
      await keepHistory('transaction-processed', handle);
    });
    assert.deepEqual(services.attempts, ['transact', 'recordTransactionEnd']);
  });

  for (const reason of [
    'wallet_not_found',
    'wallet_suspended',
    'currency_mismatch',
    'insufficient_funds',
    'balance_limit',
  ]) {
    it(`that is refused ends FAILED ${reason}`, async () => {
      const services = createServices({ refuse: { transact: reason } });
      await withWorkers(services, async () => {
        const handle = await startTransaction(environment());
        assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: reason });
        if (reason === 'wallet_not_found') await keepHistory('transaction-refused', handle);
      });
    });
  }

  it('whose approval was refused is never carried out, and ends as canceled', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransaction(environment(), 'ordinary', { beginsCanceled: true });
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'canceled' });
    });
    assert.deepEqual(services.attempts, ['cancelTransaction', 'recordTransactionEnd']);
    assert.deepEqual(services.fences.transact, { outcome: 'canceled', reason: 'canceled' });
  });

  it('that fails until the deadline ends FAILED timed_out, and can never happen', async () => {
    const services = createServices({ before: (name) => failIf(name === 'transact') });
    await withWorkers(services, async () => {
      const handle = await startTransaction(environment());
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'timed_out' });
      await keepHistory('transaction-timed-out', handle);
    });
    assert.deepEqual(services.fences.transact, { outcome: 'canceled', reason: 'timed_out' });
  });

  it('that was applied but never acknowledged before the deadline ends PROCESSED', async () => {
    const services = createServices({ after: (name) => failIf(name === 'transact') });
    await withWorkers(services, async () => {
      assert.deepEqual(await (await startTransaction(environment())).result(), { status: 'PROCESSED' });
    });
  });

  it('whose cancellation fails for an hour shows attention and finishes once it heals', async () => {
    let failingSince: number | undefined;
    const services = createServices({
      before: async (name) => {
        if (name !== 'cancelTransaction') return;
        const now = await environment().currentTimeMs();
        failingSince ??= now;
        failIf(now - failingSince < 3_600_000);
      },
    });
    const handle = await startTransaction(environment());
    await handle.cancel();
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'canceled' });
      await keepHistory('transaction-attention', handle);
    });
    assert.equal(services.attention.length, 1);
  });

  it('in local dispatch needs one workflow task, and falls back to an ordinary activity after a fault', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransaction(environment(), 'local');
      assert.deepEqual(await handle.result(), { status: 'PROCESSED' });
      await keepHistory('transaction-local-processed', handle);
    });
    const failing = createServices({ before: (name, nth) => failIf(name === 'transact' && nth === 1) });
    await withWorkers(failing, async () => {
      const handle = await startTransaction(environment(), 'local');
      assert.deepEqual(await handle.result(), { status: 'PROCESSED' });
      await keepHistory('transaction-local-fallback', handle);
    });
  });

  // Last in its file: the time-skipping server does not skip any more once a run has closed before its activity.
  it('that is canceled while it runs ends FAILED canceled', async () => {
    const { hold, reached, release } = holdUp('transact');
    const services = createServices({
      before: hold,
    });
    await withWorkers(services, async () => {
      const handle = await startTransaction(environment());
      await reached;
      await handle.cancel();
      assert.deepEqual(await handle.result().finally(release), { status: 'FAILED', failureReason: 'canceled' });
      await keepHistory('transaction-canceled', handle);
    });
  });
});
