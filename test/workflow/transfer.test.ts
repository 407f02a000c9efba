import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe } from 'node:test';
import type { TransferId } from '../../domain/ids.ts';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createServices, failIf, holdUp, type ActivityName } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();

describe('a transfer', () => {
  it('is debited, then credited, and ends COMPLETED', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      await keepHistory('direct-completed', handle);
    });
    assert.deepEqual(services.attempts, ['debit', 'credit', 'recordTransferStatus']);
    assert.deepEqual(services.statuses, ['COMPLETED']);
  });

  it('whose credit takes its time is shown DEBITED after three seconds, and the credit asked for again', async () => {
    const { hold, reached, release } = holdUp('credit');
    const services = createServices({
      before: async (name, nth) => {
        if (name === 'recordTransferStatus' && nth === 1) assert.equal(services.fences.credit, undefined);
        await hold(name, nth);
      },
    });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await reached;
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      await keepHistory('direct-credit-late', handle);
      release();
    });
    assert.deepEqual(services.statuses, ['DEBITED', 'COMPLETED']);
  });

  for (const reason of ['insufficient_funds', 'sender_not_found', 'sender_suspended', 'currency_mismatch']) {
    it(`whose debit is refused ends FAILED ${reason}, and its credit can never happen`, async () => {
      const services = createServices({ refuse: { debit: reason } });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment());
        assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: reason });
        if (reason === 'insufficient_funds') await keepHistory('direct-debit-refused', handle);
      });
      assert.equal(services.fences.credit?.outcome, 'canceled');
      assert.equal(services.refunded(), false);
      assert.deepEqual(services.statuses, ['FAILED']);
    });
  }

  for (const reason of ['receiver_not_found', 'receiver_suspended', 'currency_mismatch', 'balance_limit']) {
    it(`whose credit is refused is refunded and ends FAILED ${reason}`, async () => {
      const services = createServices({ refuse: { credit: reason } });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment());
        assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: reason });
        if (reason === 'receiver_suspended') await keepHistory('direct-credit-refused', handle);
      });
      assert.equal(services.refunded(), true);
      assert.deepEqual(services.statuses, ['DEBITED', 'FAILED']);
    });
  }

  it('whose credit fails until the deadline is refunded and ends FAILED timed_out', async () => {
    const services = createServices({ before: (name) => failIf(name === 'credit') });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'timed_out' });
      await keepHistory('direct-timed-out', handle);
    });
    assert.deepEqual(services.fences.credit, { outcome: 'canceled', reason: 'timed_out' });
    assert.equal(services.refunded(), true);
  });

  it('whose debit fails until the deadline ends FAILED timed_out with nothing moved', async () => {
    const services = createServices({ before: (name) => failIf(name === 'debit') });
    await withWorkers(services, async () => {
      assert.deepEqual(await (await startTransfer(environment())).result(), {
        status: 'FAILED',
        failureReason: 'timed_out',
      });
    });
    assert.deepEqual(services.fences.debit, { outcome: 'canceled', reason: 'timed_out' });
    assert.equal(services.refunded(), false);
  });

  it('whose credit was applied but never acknowledged before the deadline ends COMPLETED, not refunded', async () => {
    const services = createServices({ after: (name) => failIf(name === 'credit') });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
      await keepHistory('direct-completed-by-its-fence', handle);
    });
    assert.equal(services.refunded(), false);
  });

  it('survives every activity failing once before and once after its effect', async () => {
    const services = createServices({
      refuse: { credit: 'receiver_suspended' },
      before: (_, nth) => failIf(nth === 1),
      after: (_, nth) => failIf(nth === 2),
    });
    await withWorkers(services, async () => {
      assert.deepEqual(await (await startTransfer(environment())).result(), {
        status: 'FAILED',
        failureReason: 'receiver_suspended',
      });
    });
    assert.deepEqual(services.statuses, ['DEBITED', 'FAILED']);
    assert.equal(services.refunded(), true);
  });

  for (const stuck of ['cancelCredit', 'refund'] as const) {
    it(`whose compensation (${stuck}) fails for an hour shows attention after three minutes, and finishes once it heals`, async () => {
      let failingSince: number | undefined;
      let shownAfterMs: number | undefined;
      const attemptsAt: number[] = [];
      const services = createServices({
        refuse: { credit: 'receiver_suspended' },
        before: async (name) => {
          const now = await environment().currentTimeMs();
          if (name === 'recordTransferAttention') shownAfterMs = now - failingSince!;
          if (name !== stuck) return;
          failingSince ??= now;
          attemptsAt.push(now);
          failIf(now - failingSince < 3_600_000);
        },
      });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment());
        assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'receiver_suspended' });
        await keepHistory(`direct-attention-${stuck}`, handle);
      });
      assert.deepEqual(services.attention, [
        {
          reason: stuck === 'refund' ? 'refund_failing' : 'cancel_credit_failing',
          error: 'connect ECONNREFUSED 127.0.0.1:5432',
        },
      ]);
      assert.ok(shownAfterMs! >= 60_000 && shownAfterMs! <= 190_000, `shown after ${shownAfterMs} ms`);
      const pauses = attemptsAt.slice(1).map((at, index) => at - attemptsAt[index]!);
      assert.ok(Math.max(...pauses) <= 61_000, `the longest pause was ${Math.max(...pauses)} ms`);
      assert.equal(services.refunded(), true);
    });
  }

  it('is refunded once its compensation heals, although attention to it can never be written', async () => {
    let failingSince: number | undefined;
    const services = createServices({
      refuse: { credit: 'receiver_suspended' },
      before: async (name) => {
        const now = await environment().currentTimeMs();
        if (name === 'cancelCredit') {
          failingSince ??= now;
          failIf(now - failingSince < 600_000);
        }
        failIf(name === 'recordTransferAttention');
      },
    });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'receiver_suspended' });
      await keepHistory('direct-attention-not-written', handle);
    });
    assert.equal(services.refunded(), true);
    assert.equal(services.attention.length, 0);
  });

  it('adopts the end that is stored when another run has written it', async () => {
    const services = createServices();
    await services.activities.recordTransferStatus({
      transferId: '' as never,
      next: { status: 'CANCELED' },
      trace: { requestId: '' },
    });
    await withWorkers(services, async () => {
      assert.deepEqual(await (await startTransfer(environment())).result(), { status: 'CANCELED' });
    });
  });
});

// Last in its file: the time-skipping server does not skip any more once a run has closed before its activity.
describe('a transfer that is canceled by a cancel request', () => {
  const STEPS: readonly { during: ActivityName; nth: number; end: string; refuse?: { credit: string } }[] = [
    { during: 'debit', nth: 1, end: 'CANCELED' },
    { during: 'credit', nth: 1, end: 'CANCELED' },
    { during: 'recordTransferStatus', nth: 1, end: 'COMPLETED' },
    { during: 'cancelCredit', nth: 1, end: 'FAILED', refuse: { credit: 'receiver_suspended' } },
    { during: 'refund', nth: 1, end: 'FAILED', refuse: { credit: 'receiver_suspended' } },
  ];
  for (const { during, nth, end, refuse } of STEPS) {
    it(`while ${during} ${nth} has not taken effect ends ${end}, and the late effect changes nothing`, async () => {
      const { hold, reached, release } = holdUp(during, nth);
      const services = createServices({
        ...(refuse === undefined ? {} : { refuse }),
        before: hold,
      });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment());
        await reached;
        await handle.cancel();
        const isAwaited = end !== 'CANCELED';
        if (isAwaited) release();
        const result = await handle.result().finally(release);
        assert.equal(result.status, end);
        await keepHistory(`direct-cancel-during-${during}-${nth}`, handle);
      });
      if (end === 'CANCELED') assert.equal(services.fences.credit?.outcome, 'canceled');
      assert.equal(services.refunded(), end !== 'COMPLETED' && services.fences.debit?.outcome === 'applied');
      assert.equal(services.statuses.at(-1), end);
    });
  }

  it('after the debit took effect and before it was acknowledged is refunded', async () => {
    const { hold, reached, release } = holdUp('debit');
    const services = createServices({
      after: hold,
    });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await reached;
      await handle.cancel();
      assert.deepEqual(await handle.result().finally(release), { status: 'CANCELED' });
    });
    assert.equal(services.refunded(), true);
  });

  it('after the credit took effect and before it was acknowledged ends COMPLETED', async () => {
    const { hold, reached, release } = holdUp('credit');
    const services = createServices({
      after: hold,
    });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await reached;
      await handle.cancel();
      assert.deepEqual(await handle.result().finally(release), { status: 'COMPLETED' });
    });
    assert.equal(services.refunded(), false);
  });

  it('before its first workflow task ends CANCELED with nothing moved', async () => {
    const services = createServices();
    const handle = await startTransfer(environment());
    await handle.cancel();
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'CANCELED' });
      await keepHistory('direct-cancel-before-first-task', handle);
    });
    assert.equal(services.fences.debit?.outcome, 'canceled');
  });
});

it('a transfer whose run was terminated is finished by another run on its id, which moves nothing twice', async () => {
  const { hold, reached, release } = holdUp('credit');
  const services = createServices({
    before: hold,
  });
  const transferId = randomUUID() as TransferId;
  await withWorkers(services, async () => {
    const terminated = await startTransfer(environment(), 'ordinary', { transferId });
    await reached;
    await terminated.terminate('by an operator');
    const handle = await startTransfer(environment(), 'ordinary', { transferId });
    assert.deepEqual(await handle.result().finally(release), { status: 'COMPLETED' });
  });
  assert.deepEqual(services.statuses, ['COMPLETED']);
  assert.equal(services.attempts.filter((name) => name === 'debit').length, 2);
});
