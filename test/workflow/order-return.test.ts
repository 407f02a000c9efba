import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { it, keepHistory, useEnvironment } from './environment.ts';
import type { OrderActivity, OrderFaults } from './order-faults.ts';
import { runReturn } from './order-return-run.ts';
import { failIf, holdUp } from './services.ts';

const environment = useEnvironment();
const DAY_MS = 86_400_000;

const withReturn = (faults: OrderFaults, use: Parameters<typeof runReturn>[2]) => runReturn(environment(), faults, use);

describe('a return', () => {
  it('is taken back, has a credit note, and is refunded', async () => {
    const { returned } = await withReturn({}, async (start) => {
      const handle = await start();
      assert.equal(await handle.result(), 'REFUNDED');
      await keepHistory('return-refunded', handle);
    });
    assert.equal(returned.status, 'REFUNDED');
  });

  it('survives every activity failing once before and once after its effect', async () => {
    const faults: OrderFaults = { before: (_, nth) => failIf(nth === 1), after: (_, nth) => failIf(nth === 2) };
    await withReturn(faults, async (start) => assert.equal(await (await start()).result(), 'REFUNDED'));
  });

  it('whose seller has no money shows attention, and is refunded once the money is there', async () => {
    const unpaid: NonNullable<OrderFaults['unpaid']> = { refund: 'insufficient_funds' };
    let shown: string | undefined;
    const services = await withReturn({ unpaid }, async (start, { returned }) => {
      const handle = await start();
      for (let tries = 0; tries < 100 && returned.shown === null; tries += 1) await environment().sleep('30 seconds');
      shown = returned.shown?.reason;
      await environment().sleep('2 days');
      delete unpaid.refund;
      assert.equal(await handle.result(), 'REFUNDED');
      await keepHistory('return-refused-then-refunded', handle);
    });
    assert.equal(shown, 'refund_refused');
    assert.equal(services.returned.status, 'REFUNDED');
  });

  it('whose seller has no money for thirty days ends REFUND_DUE and keeps its attention, until another run is paid', async () => {
    const unpaid: NonNullable<OrderFaults['unpaid']> = { refund: 'insufficient_funds' };
    const triedAtMs: number[] = [];
    const before = async (name: string) => {
      if (name === 'refundReturn') triedAtMs.push(await environment().currentTimeMs());
    };
    await withReturn({ unpaid, before }, async (start, services) => {
      const handle = await start();
      assert.equal(await handle.result(), 'REFUND_DUE');
      const days = (triedAtMs.at(-1)! - triedAtMs[0]!) / DAY_MS;
      assert.ok(days > 29 && days <= 30, `it was asked for ${days} days`);
      assert.equal(services.returned.status, 'REFUND_DUE');
      assert.equal(services.returned.shown?.reason, 'refund_refused');
      delete unpaid.refund;
      assert.equal(await (await start()).result(), 'REFUNDED');
    });
  });

  it('one of whose steps keeps failing shows attention after three minutes, and none once it is over', async () => {
    let failingSince: number | undefined;
    const seen: (string | undefined)[] = [];
    let shown = (): string | undefined => undefined;
    const services = await withReturn(
      {
        before: async (name) => {
          const now = await environment().currentTimeMs();
          if (name === 'postCreditNote') failingSince ??= now;
          failIf(name === 'postCreditNote' && now - failingSince! < 3_600_000);
        },
        after: (name) => void (name === 'recordReturnAttention' && seen.push(shown())),
      },
      async (start, { returned }) => {
        shown = () => returned.shown?.reason;
        const handle = await start();
        assert.equal(await handle.result(), 'REFUNDED');
        await keepHistory('return-attention', handle);
      },
    );
    assert.equal(services.returned.status, 'REFUNDED');
    assert.deepEqual(seen, ['post_credit_note_failing', undefined]);
  });

  it('that is canceled by a cancel request is refunded all the same: what has come back has come back', async () => {
    const taking = holdUp('takeBack');
    await withReturn({ before: taking.hold }, async (start) => {
      const handle = await start();
      await taking.reached;
      await handle.cancel();
      taking.release();
      assert.equal(await handle.result(), 'REFUNDED');
      await keepHistory('return-cancel-request', handle);
    });
  });
});

// Last in its file: the time-skipping server does not skip any more once a run has closed before its activity.
describe('a return whose run was terminated', () => {
  const AT: readonly OrderActivity[] = ['takeBack', 'postCreditNote', 'refundReturn', 'postRefund', 'recordReturn'];
  for (const at of AT)
    it(`after ${at} is finished by another run, which does nothing twice`, async () => {
      const { hold, reached, release } = holdUp(at, at === 'recordReturn' ? 2 : 1);
      await withReturn({ after: hold }, async (start) => {
        const handle = await start();
        await reached;
        await handle.terminate('by a test');
        assert.equal(await (await start()).result().finally(release), 'REFUNDED');
      });
    });
});
