import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { cancelUpdate, captureUpdate } from '../../workflows/transfer/messages.ts';
import { it, keepHistory, refusalOf, useEnvironment, withWorkers } from './environment.ts';
import { createServices, failIf, holdUp, type FakeServices, type Faults } from './services.ts';
import { startTransfer } from './start.ts';

const environment = useEnvironment();
const DAY_MS = 86_400_000;

/** A manual transfer that is held, in the hands of `use`. */
async function withHold(
  faults: Faults,
  use: (hold: Awaited<ReturnType<typeof startTransfer>>, services: FakeServices) => Promise<void>,
): Promise<FakeServices> {
  const services = createServices(faults);
  await withWorkers(services, async () => {
    const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS });
    await untilHeld(handle);
    await use(handle, services);
    // A run that was terminated has no result.
    await handle.result().catch(() => {});
  });
  return services;
}

/** Until the timer of its expiry, the second after that of its deadline, is in the history: it takes requests then. */
async function untilHeld(handle: WorkflowHandle): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { events } = await handle.fetchHistory();
    if (events!.filter((event) => event.timerStartedEventAttributes).length === 2) return;
    await sleep(20);
  }
  assert.fail('it was never held');
}

describe('a hold', () => {
  it('is captured as a whole: credited, released, COMPLETED', async () => {
    const services = await withHold({}, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '25.0000' }] });
      const end = await handle.result();
      assert.equal(end.status, 'COMPLETED');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-captured', handle);
    });
    assert.deepEqual(services.settled, [{ credited: '25.0000', to: 'sender' }]);
    assert.equal(services.captured(), '25.0000');
  });

  it('is captured in part, and the rest is given back', async () => {
    const services = await withHold({}, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      await handle.result();
      await keepHistory('hold-captured-in-part', handle);
    });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
    assert.deepEqual(services.statuses, ['DEBITED', 'COMPLETED']);
  });

  it('whose debit its shard has lost is debited anew before it is captured', async () => {
    const services = await withHold({}, async (handle, { fences }) => {
      delete fences.debit;
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-debited-anew', handle);
    });
    assert.deepEqual(services.fences.debit, { outcome: 'applied' });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  });

  it('whose debit its shard has lost is not captured where the money is not there any more: nobody is credited', async () => {
    const refuse: Faults['refuse'] = {};
    const services = await withHold({ refuse }, async (handle, { fences }) => {
      delete fences.debit;
      Object.assign(refuse, { debit: 'insufficient_funds' });
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      const end = { status: 'FAILED', failureReason: 'insufficient_funds', capturedAmount: '10.0000' };
      assert.deepEqual(await handle.result(), end);
      await keepHistory('hold-not-debited-anew', handle);
    });
    assert.ok(!services.attempts.includes('credit'));
    assert.equal(services.fences.credit?.outcome, 'canceled');
  });

  it('is voided by a cancel: given back as a whole, CANCELED', async () => {
    const services = await withHold({}, async (handle) => {
      await handle.executeUpdate(cancelUpdate, { args: [{}] });
      assert.equal((await handle.result()).status, 'CANCELED');
      await keepHistory('hold-canceled', handle);
    });
    assert.equal(services.refunded(), true);
    assert.equal(services.captured(), '0');
    assert.deepEqual(services.fences.credit, { outcome: 'canceled', reason: 'canceled' });
  });

  it('is voided by Temporal’s own cancel request in the same way', async () => {
    const services = await withHold({}, async (handle) => {
      await handle.cancel();
      assert.equal((await handle.result()).status, 'CANCELED');
      await keepHistory('hold-cancel-request', handle);
    });
    assert.equal(services.refunded(), true);
    assert.equal(services.captured(), '0');
  });

  it('that nobody captures is given back when it expires: FAILED capture_expired', async () => {
    const services = createServices();
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: 30 * DAY_MS });
      assert.deepEqual(await handle.result(), {
        status: 'FAILED',
        failureReason: 'capture_expired',
        capturedAmount: '0',
      });
      await keepHistory('hold-expired', handle);
    });
    assert.equal(services.refunded(), true);
    assert.deepEqual(services.fences.credit, { outcome: 'canceled', reason: 'capture_expired' });
  });

  it('whose debit is refused is none, and cannot be captured', async () => {
    const services = createServices({ refuse: { debit: 'insufficient_funds' } });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS });
      assert.deepEqual(await handle.result(), { status: 'FAILED', failureReason: 'insufficient_funds' });
    });
    assert.equal(services.captured(), undefined);
  });

  it('whose captured credit is refused is given back and ends with that reason', async () => {
    const services = await withHold({ refuse: { credit: 'receiver_suspended' } }, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      const end = await handle.result();
      assert.deepEqual([end.status, end.status === 'FAILED' && end.failureReason], ['FAILED', 'receiver_suspended']);
      await keepHistory('hold-capture-refused', handle);
    });
    assert.equal(services.refunded(), true);
  });

  it('whose captured credit cannot be reached in time is given back: FAILED timed_out', async () => {
    const services = await withHold({ before: (name) => failIf(name === 'credit') }, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      await environment().sleep('11 minutes');
      const end = await handle.result();
      assert.deepEqual([end.status, end.status === 'FAILED' && end.failureReason], ['FAILED', 'timed_out']);
      await keepHistory('hold-capture-timed-out', handle);
    });
    assert.equal(services.refunded(), true);
  });

  it('whose captured credit was applied and never acknowledged ends COMPLETED and is released all the same', async () => {
    const services = await withHold({ after: (name) => failIf(name === 'credit') }, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      await environment().sleep('11 minutes');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-capture-completed-by-its-fence', handle);
    });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  });

  it('survives every activity of its capture failing once before and once after its effect', async () => {
    const services = await withHold(
      { before: (_, nth) => failIf(nth === 1), after: (_, nth) => failIf(nth === 2) },
      async (handle) => {
        await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
        await environment().sleep('1 minute');
        assert.equal((await handle.result()).status, 'COMPLETED');
      },
    );
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
    assert.deepEqual(services.statuses, ['DEBITED', 'COMPLETED']);
  });
});

describe('who asks for a hold', () => {
  it('to be captured twice with the same amount is answered twice, and it is captured once', async () => {
    const services = await withHold({}, async (handle) => {
      await Promise.all([1, 2].map(() => handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] })));
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
    assert.equal(services.attempts.filter((name) => name === 'credit').length, 1);
  });

  it('to be captured with two amounts at once gets one of them, and the other is refused', async () => {
    const gate = holdUp('credit');
    const services = await withHold({ before: gate.hold }, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      assert.equal(
        await refusalOf(handle.executeUpdate(captureUpdate, { args: [{ amount: '11.0000' }] })),
        'not_capturable',
      );
      gate.release();
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
    assert.equal(services.captured(), '10.0000');
  });

  it('to be captured and canceled at once gets exactly one of the two, and each is told which', async () => {
    const ends = new Set<string>();
    for (let round = 0; round < 6; round += 1) {
      const services = await withHold({}, async (handle) => {
        const capture = () => refusalOf(handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] }));
        const cancel = () => refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] }));
        const [captured, canceled] =
          round % 2 === 0
            ? await Promise.all([capture(), cancel()])
            : (await Promise.all([cancel(), capture()])).toReversed();
        const { status } = await handle.result();
        ends.add(status);
        // The last moment of the run, in which a request finds it gone, is no answer to either.
        assert.deepEqual(
          [captured === '', canceled === ''],
          [status === 'COMPLETED', status === 'CANCELED'],
          `${status}, but capture was answered ${captured || 'yes'} and cancel ${canceled || 'yes'}`,
        );
      });
      assert.equal(services.settled.length, 1);
    }
    assert.ok(ends.size > 0);
  });

  it('to be canceled while its capture is under way is refused, also by Temporal’s own cancel request', async () => {
    const gate = holdUp('credit');
    const services = await withHold({ before: gate.hold }, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      await gate.reached;
      assert.equal(await refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] })), 'not_cancelable');
      await handle.cancel();
      gate.release();
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-canceled-too-late', handle);
    });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  });

  it('to be captured while its receiver is suspended is refused with that, and the hold stays until it can be', async () => {
    const unreceivable: NonNullable<Faults['unreceivable']> = { reason: 'receiver_suspended' };
    const services = await withHold({ unreceivable }, async (handle, { attempts, fences }) => {
      const capture = () => refusalOf(handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] }));
      assert.equal(await capture(), 'not_capturable receiver_suspended');
      assert.ok(!attempts.includes('decideCapture') && fences.credit === undefined);
      delete unreceivable.reason;
      assert.equal(await capture(), '');
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-captured-after-its-receiver-was-suspended', handle);
    });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  });

  it('to be captured for a receiver that is known to be suspended is refused, which its history does not keep', async () => {
    await withHold({}, async (handle, { attempts }) => {
      const asked = { amount: '10.0000', refusedFor: 'receiver_suspended' } as const;
      for (let n = 0; n < 5; n += 1) {
        const capture = handle.executeUpdate(captureUpdate, { args: [asked] });
        assert.equal(await refusalOf(capture), 'not_capturable receiver_suspended');
      }
      const updates = (await handle.fetchHistory()).events!.filter(
        (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
      );
      assert.deepEqual(updates, []);
      assert.ok(!attempts.includes('passingCreditRefusal'));
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });

  it('to be captured again, once that was taken, is answered so also if the receiver was suspended since', async () => {
    const gate = holdUp('decideCapture');
    await withHold({ before: gate.hold }, async (handle) => {
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      await gate.reached;
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000', refusedFor: 'receiver_suspended' }] });
      gate.release();
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });

  it('to be captured while the receiver’s shard does not answer is taken: a capture has longer than the request', async () => {
    await withHold({ before: (name) => failIf(name === 'passingCreditRefusal') }, async (handle) => {
      const update = handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      await environment().sleep('5 seconds');
      await update;
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-captured-without-its-receivers-answer', handle);
    });
  });

  it('to be captured and canceled while the receiver’s shard is asked is not captured', async () => {
    const gate = holdUp('passingCreditRefusal');
    await withHold({ before: gate.hold }, async (handle) => {
      const capture = refusalOf(handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] }));
      await gate.reached;
      await handle.executeUpdate(cancelUpdate, { args: [{}] });
      gate.release();
      assert.equal(await capture, 'not_capturable');
      assert.equal((await handle.result()).status, 'CANCELED');
      await keepHistory('hold-canceled-while-its-receiver-was-asked', handle);
    });
  });

  it('to be captured for more than it holds, or for nothing, is refused', async () => {
    await withHold({}, async (handle) => {
      for (const amount of ['25.0001', '0', '-1'])
        assert.equal(await refusalOf(handle.executeUpdate(captureUpdate, { args: [{ amount }] })), 'not_capturable');
      await handle.executeUpdate(cancelUpdate, { args: [{}] });
    });
  });

  it('to be captured before its debit is known to be applied has it captured as soon as it is', async () => {
    const gate = holdUp('debit');
    const services = createServices({ before: gate.hold });
    await withWorkers(services, async () => {
      const handle = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS });
      await gate.reached;
      await handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      assert.equal(await refusalOf(handle.executeUpdate(cancelUpdate, { args: [{}] })), 'not_cancelable');
      gate.release();
      assert.equal((await handle.result()).status, 'COMPLETED');
      await keepHistory('hold-captured-before-it-was-held', handle);
    });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  });

  it('to be captured while it is scheduled is refused', async () => {
    await withWorkers(createServices(), async () => {
      const handle = await startTransfer(environment(), 'ordinary', { startInMs: DAY_MS, expiresInMs: DAY_MS });
      const capture = handle.executeUpdate(captureUpdate, { args: [{ amount: '10.0000' }] });
      assert.equal(await refusalOf(capture), 'not_capturable');
      await handle.executeUpdate(cancelUpdate, { args: [{}] });
      assert.equal((await handle.result()).status, 'CANCELED');
    });
  });

  it('whose run was terminated after the decision was written gets that decision from the next run', async () => {
    const gate = holdUp('credit');
    const services = await withHold({ before: gate.hold }, async (handle) => {
      await handle.startUpdate(captureUpdate, { args: [{ amount: '10.0000' }], waitForStage: 'ACCEPTED' });
      await gate.reached;
      await handle.terminate('by a test');
      gate.release();
      const transferId = handle.workflowId.slice('transfer/'.length) as never;
      const next = await startTransfer(environment(), 'ordinary', { expiresInMs: DAY_MS, transferId });
      assert.equal((await next.result()).status, 'COMPLETED');
      await keepHistory('hold-resumed-after-its-decision', next);
    });
    assert.deepEqual(services.settled, [{ credited: '10.0000', to: 'sender' }]);
  });
});
