import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { cancelUpdate } from '../../workflows/transfer/messages.ts';
import { it, keepHistory, useEnvironment, withWorkers } from './environment.ts';
import { createServices } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const DAY_MS = 86_400_000;
const DISPATCHES = ['ordinary', 'local'] as const;

describe('a scheduled transfer', () => {
  for (const dispatch of DISPATCHES) {
    it(`moves nothing before its time, and is then an ordinary one, in ${dispatch} dispatch`, async () => {
      const debitedAt: number[] = [];
      const services = createServices({
        before: async (name) => {
          if (name === 'debit') debitedAt.push(await environment().currentTimeMs());
        },
      });
      await withWorkers(services, async () => {
        const startedAt = await environment().currentTimeMs();
        const handle = await startTransfer(environment(), dispatch, { startInMs: 365 * DAY_MS });
        assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
        assert.ok(debitedAt[0]! - startedAt >= 365 * DAY_MS);
        await keepHistory(`scheduled-direct-${dispatch}`, handle);
      });
      assert.deepEqual(services.statuses, ['PENDING', 'COMPLETED']);
    });
  }

  it('whose time has passed while nothing ran begins at once', async () => {
    const services = createServices();
    const handle = await startTransfer(environment(), 'ordinary', { startInMs: -60_000 });
    await withWorkers(services, async () => {
      assert.deepEqual(await handle.result(), { status: 'COMPLETED' });
    });
  });

  it('that is a hold too is held from its time on, and expires after that', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const startedAt = await environment().currentTimeMs();
      const handle = await startTransfer(environment(), 'ordinary', { startInMs: 30 * DAY_MS, expiresInMs: DAY_MS });
      const end = await handle.result();
      assert.equal(end.status === 'FAILED' && end.failureReason, 'capture_expired');
      assert.ok((await environment().currentTimeMs()) - startedAt >= 31 * DAY_MS);
    });
    assert.deepEqual(services.statuses, ['PENDING', 'DEBITED', 'FAILED']);
  });

  // The last one: this server skips no time any more once a run was closed before what it had planned.
  it('is canceled at once, with nothing moved, and never again', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { startInMs: 30 * DAY_MS });
      await handle.executeUpdate(cancelUpdate, { args: [{}] });
      assert.deepEqual(await handle.result(), { status: 'CANCELED' });
      await keepHistory('scheduled-canceled', handle);
    });
    assert.equal(services.fences.debit?.outcome, 'canceled');
    assert.deepEqual(services.statuses, ['CANCELED']);
  });
});
