import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cancelUpdate, captureUpdate } from '../../workflows/messages.ts';
import { keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { createServices, holdUp, type ActivityName } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const DISPATCHES = ['ordinary', 'local'] as const;

describe('a transfer that is canceled by an update', () => {
  const STEPS: readonly { during: ActivityName; nth: number; end: string; refuse?: { credit: string } }[] = [
    { during: 'debit', nth: 1, end: 'CANCELED' },
    { during: 'recordTransferStatus', nth: 1, end: 'CANCELED' },
    { during: 'credit', nth: 1, end: 'CANCELED' },
    { during: 'recordTransferStatus', nth: 2, end: 'COMPLETED' },
    { during: 'cancelCredit', nth: 1, end: 'FAILED', refuse: { credit: 'receiver_suspended' } },
    { during: 'refund', nth: 1, end: 'FAILED', refuse: { credit: 'receiver_suspended' } },
  ];
  for (const { during, nth, end, refuse } of STEPS) {
    it(`while ${during} ${nth} has not taken effect ends ${end}, and whoever asked is told so`, async () => {
      const { hold, reached, release } = holdUp(during, nth);
      const services = createServices({ ...(refuse === undefined ? {} : { refuse }), before: hold });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment());
        await reached;
        const refusal = refusalOf(handle.executeUpdate(cancelUpdate));
        if (end === 'CANCELED') assert.equal(await refusal.finally(release), '');
        else assert.equal(await refusal.finally(release), 'not_cancelable');
        assert.equal((await handle.result()).status, end);
        await keepHistory(`transfer-canceled-during-${during}-${nth}`, handle);
      });
      if (end === 'CANCELED') assert.equal(services.fences.credit?.outcome, 'canceled');
      assert.equal(services.refunded(), end !== 'COMPLETED' && services.fences.debit?.outcome === 'applied');
      assert.equal(services.statuses.at(-1), end);
    });
  }

  it('whose credit had landed unacknowledged ends COMPLETED, and whoever asked is told so', async () => {
    const { hold, reached, release } = holdUp('credit');
    const services = createServices({ after: hold });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment());
      await reached;
      assert.deepEqual(await handle.executeUpdate(cancelUpdate).finally(release), { status: 'COMPLETED' });
    });
    assert.equal(services.refunded(), false);
  });

  for (const dispatch of DISPATCHES) {
    it(`with its start, in ${dispatch} dispatch, ends CANCELED with nothing moved, twice asked or once`, async () => {
      const services = createServices();
      const handle = await startTransfer(environment(), dispatch);
      const asked = [1, 2].map(() => handle.executeUpdate(cancelUpdate));
      await withWorkers(services, async () => {
        const ends = await Promise.all(asked);
        assert.deepEqual(new Set(ends.map(({ status }) => status)), new Set([(await handle.result()).status]));
        await keepHistory(`transfer-canceled-with-its-start-${dispatch}`, handle);
      });
      // The second may come after the first has ended it; the transfer is one thing or the other, and never both.
      assert.equal(
        services.refunded() || services.fences.debit?.outcome !== 'applied',
        services.statuses.at(-1) === 'CANCELED',
      );
    });
  }

  it('is no hold, and cannot be captured', async () => {
    const { hold, reached, release } = holdUp('credit');
    await withWorkers(createServices({ before: hold }), async () => {
      const handle = await startTransfer(environment());
      await reached;
      const capture = handle.executeUpdate(captureUpdate, { args: [{ amount: '25.0000' }] });
      assert.equal(await refusalOf(capture).finally(release), 'not_capturable');
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });
});
