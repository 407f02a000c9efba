import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { cancelUpdate, captureUpdate, type Dispatch } from '../../workflows/transfer/messages.ts';
import { it, keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { createServices, holdUp, unavailable, type FakeServices } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const DAY_MS = 86_400_000;

function assertNothingCanMove({ fences, statuses, attempts }: FakeServices): void {
  assert.deepEqual([fences.credit?.outcome, fences.debit?.outcome], ['canceled', 'canceled']);
  assert.deepEqual(statuses, ['CANCELED']);
  assert.deepEqual(
    attempts.filter((name) => ['debit', 'credit', 'transferAtOnce', 'decideCapture'].includes(name)),
    [],
  );
}

describe('a transfer that was canceled before it was created', () => {
  const kinds = { direct: {}, hold: { expiresInMs: DAY_MS }, scheduled: { startInMs: DAY_MS } };
  for (const dispatch of ['ordinary', 'local'] satisfies Dispatch[])
    for (const [kind, options] of Object.entries(kinds)) {
      it(`closes both legs and ends CANCELED at once, asking for no money: ${kind}, in ${dispatch} dispatch`, async () => {
        const services = createServices();
        await withWorkers(services, async () => {
          const handle = await startTransfer(environment(), dispatch, { ...options, beginsCanceled: true });
          assert.equal((await handle.result()).status, 'CANCELED');
          const { events } = await handle.fetchHistory();
          assert.ok(!events!.some((event) => event.timerStartedEventAttributes), 'it waits for no time of its own');
          await keepHistory(`canceled-${kind}-${dispatch}`, handle);
        });
        assertNothingCanMove(services);
      });
    }

  it('takes a request to cancel it, and refuses one to capture it', async () => {
    const { hold, reached, release } = holdUp('cancelCredit');
    const services = createServices({ before: hold });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS, beginsCanceled: true });
      await reached;
      assert.equal(await refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] })), '');
      assert.equal(
        await refusalOf(handle.executeUpdate(captureUpdate, { args: [{ amount: '25.0000' }] })),
        'not_capturable',
      );
      release();
      assert.equal((await handle.result()).status, 'CANCELED');
    });
    assertNothingCanMove(services);
  });

  it('is shown to an operator while a shard cannot close its leg, and ends once that heals', async () => {
    let isDown = true;
    const services = createServices({
      before: (name) => {
        if (name === 'refund' && isDown) throw unavailable();
      },
    });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { beginsCanceled: true });
      await environment().sleep('10 minutes');
      assert.ok(services.attention.length > 0);
      isDown = false;
      assert.equal((await handle.result()).status, 'CANCELED');
    });
    assertNothingCanMove(services);
  });

  it('whose row was lost after its money had arrived adopts what the fences say', async () => {
    const services = createServices();
    services.fences.debit = { outcome: 'applied' };
    services.fences.credit = { outcome: 'applied' };
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { beginsCanceled: true });
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });
});
