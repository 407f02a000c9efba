import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { cancelUpdate, captureUpdate } from '../../workflows/transfer/messages.ts';
import { it, keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { createServices, holdUp, type ActivityName } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const DISPATCHES = ['ordinary', 'local'] as const;

describe('a transfer that is canceled by an update', () => {
  const STEPS: readonly { during: ActivityName; nth: number; end: string; refuse?: { credit: string } }[] = [
    { during: 'debit', nth: 1, end: 'CANCELED' },
    { during: 'credit', nth: 1, end: 'CANCELED' },
    { during: 'recordTransferStatus', nth: 1, end: 'COMPLETED' },
    { during: 'cancelCredit', nth: 1, end: 'FAILED', refuse: { credit: 'receiver_suspended' } },
    { during: 'refund', nth: 1, end: 'FAILED', refuse: { credit: 'receiver_suspended' } },
  ];
  for (const { during, nth, end, refuse } of STEPS) {
    it(`while ${during} ${nth} has not taken effect ends ${end}, and whoever asked is told so`, async () => {
      // The first attempt of the end is in a workflow task, which has to be over before the request arrives.
      const { hold, reached, release } = holdUp(during, nth, during === 'recordTransferStatus' ? nth + 1 : nth);
      const services = createServices({ ...(refuse === undefined ? {} : { refuse }), before: hold });
      await withWorkers(services, async () => {
        const handle = await startTransfer(environment());
        await reached;
        const refusal = await refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] }));
        assert.equal(refusal, end === 'CANCELED' ? '' : 'not_cancelable');
        // What is held up is given up where the cancel was taken, and waited for where it was not.
        if (end !== 'CANCELED') release();
        await handle.result().finally(release);
        assert.equal((await handle.result()).status, end);
        await keepHistory(`direct-canceled-during-${during}-${nth}`, handle);
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
      await handle.executeUpdate(cancelUpdate, { args: [{}] }).finally(release);
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
    });
    assert.equal(services.refunded(), false);
  });

  for (const dispatch of DISPATCHES) {
    it(`with its start, in ${dispatch} dispatch, ends in one way, asked twice or once`, async () => {
      const services = createServices();
      const handle = await startTransfer(environment(), dispatch);
      const asked = [1, 2].map(() => refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] })));
      await withWorkers(services, async () => {
        const refusals = await Promise.all(asked);
        const { status } = await handle.result();
        // They may come with its first task or later; each is told the truth.
        assert.ok(refusals.every((refusal) => refusal === '' || status !== 'CANCELED'));
        await keepHistory(`direct-canceled-with-its-start-${dispatch}`, handle);
      });
      assert.equal(services.fences.credit?.outcome === 'applied', services.statuses.at(-1) === 'COMPLETED');
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
