import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { it, keepHistory, useEnvironment } from './environment.ts';
import type { OrderActivity } from './order-faults.ts';
import type { OrderServices } from './order-services.ts';
import { linesOf, withOrder, withOrders, type OrderOptions, type RunningOrder } from './order-run.ts';
import { failIf, holdUp, unavailable } from './services.ts';

const environment = useEnvironment();
const HOUR_MS = 3_600_000;

const isConfirmed = ({ row }: OrderServices): boolean => row().status === 'CONFIRMED';
const isShown =
  (reason: string) =>
  ({ attention }: OrderServices): boolean =>
    attention.shown?.reason === reason;

/** Lets time pass until something is so. */
async function inTime({ services }: RunningOrder, isSo: (services: OrderServices) => boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (isSo(services)) return;
    await environment().sleep('30 seconds');
  }
  assert.fail(`it never became so: ${services.steps.join(', ')}`);
}

/** Lets an activity fail until it is healed, and notes when it was tried. */
function broken(...names: OrderActivity[]) {
  let isHealed = false;
  const triedAtMs: number[] = [];
  return {
    triedAtMs,
    heal: () => (isHealed = true),
    before: async (name: OrderActivity): Promise<void> => {
      if (!names.includes(name)) return;
      triedAtMs.push(await environment().currentTimeMs());
      if (!isHealed) throw unavailable();
    },
  };
}

describe('an order whose step keeps failing', () => {
  for (const stuck of ['release', 'voidHold', 'cancelBooking'] as const)
    it(`(${stuck}, for an hour) shows attention after three minutes, with a case, and none once it is over`, async () => {
      let failingSince: number | undefined;
      let shownAfterMs = 0;
      const options: OrderOptions = {
        before: async (name) => {
          const now = await environment().currentTimeMs();
          if (name === 'recordOrderAttention' && shownAfterMs === 0) shownAfterMs = now - failingSince!;
          if (name !== stuck) return;
          failingSince ??= now;
          if (now - failingSince < HOUR_MS) throw unavailable();
        },
      };
      const services = await withOrder(environment(), options, async ({ handle, until }) => {
        await until(isConfirmed);
        await handle.cancel();
        assert.deepEqual(await handle.result(), { status: 'CANCELED', cancelReason: 'canceled' });
        await keepHistory(`order-attention-${stuck}`, handle);
      });
      assert.ok(shownAfterMs >= 60_000 && shownAfterMs <= 190_000, `shown after ${shownAfterMs} ms`);
      const reason = stuck.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`);
      assert.ok(services.steps.includes(`attention ${reason}_failing`), services.steps.join(', '));
    });

  it('shows none any more while it goes on, however its writes of attention follow each other', async () => {
    const capture = broken('captureHold');
    const writing = broken('recordOrderAttention');
    const options: OrderOptions = {
      ...{ lines: linesOf(1, 2, 3), allowSplit: true, arrival: 'at_once' },
      before: async (name) => {
        await capture.before(name);
        await writing.before(name);
      },
    };
    await withOrder(environment(), options, async (running) => {
      const { handOver, until, handle, services } = running;
      await until(isConfirmed);
      await Promise.all([handOver(1), handOver(2)]);
      await inTime(running, () => writing.triedAtMs.length > 0);
      capture.heal();
      await inTime(running, ({ row }) => row().consignments.filter(({ money }) => money === 'CAPTURED').length === 2);
      writing.heal();
      await inTime(running, ({ steps }) => steps.some((step) => step.startsWith('attention')));
      await until(({ attention }) => attention.shown === null);
      assert.ok(isConfirmed(services));
      await handOver(3);
      assert.equal((await handle.result()).status, 'COMPLETED');
    });
  });
});

/** An order whose goods have left and whose hold was lost meanwhile: it waits for an operator. */
async function beDue(running: RunningOrder, wait = inTime): Promise<void> {
  await running.until(isConfirmed);
  running.services.loseHold(1);
  await running.handOver();
  await wait(running, isShown('payment_due'));
}

const due: OrderOptions = { arrival: 'at_once' };

describe('an order whose hold was lost after its goods had left', () => {
  for (const action of ['collect_again', 'write_off'] as const)
    it(`survives every activity failing once before and once after its effect, with ${action}`, async () => {
      const options: OrderOptions = {
        ...due,
        before: (_, nth) => failIf(nth === 1),
        after: (_, nth) => failIf(nth === 2),
      };
      await withOrder(environment(), options, async (running) => {
        await beDue(running);
        assert.equal(await running.resolve(action), '');
        assert.equal((await running.handle.result()).status, 'COMPLETED');
      });
    });

  it('is DUE until the money is collected again, which may be refused before', async () => {
    const unpaid: OrderOptions['unpaid'] = { collection: 'insufficient_funds' };
    const services = await withOrder(environment(), { ...due, unpaid }, async (running) => {
      await beDue(running);
      assert.equal(running.services.row().consignments[0]!.money, 'DUE');
      assert.equal(await running.resolve('collect_again'), '');
      await running.until(({ attention }) => attention.shown?.error?.includes('insufficient_funds') ?? false);
      delete unpaid.collection;
      assert.equal(await running.resolve('collect_again'), '');
      assert.equal((await running.handle.result()).status, 'COMPLETED');
      await keepHistory('order-collected', running.handle);
    });
    assert.deepEqual(services.collections.get(1), ['FAILED', 'COMPLETED']);
  });

  it('is written off when an operator says so, and never collected after that', async () => {
    const services = await withOrder(environment(), due, async (running) => {
      await beDue(running);
      assert.equal(await running.resolve('write_off'), '');
      assert.equal((await running.handle.result()).status, 'COMPLETED');
      await keepHistory('order-written-off', running.handle);
    });
    assert.equal(services.invoices.get(1)!.settled, 'written_off');
    assert.equal(services.paid(), '0.0000');
  });

  it('is collected although Temporal’s own cancel request came before', async () => {
    await withOrder(environment(), due, async (running) => {
      await beDue(running);
      await running.handle.cancel();
      assert.equal(await running.resolve('collect_again'), '');
      assert.equal((await running.handle.result()).status, 'COMPLETED');
      await keepHistory('order-collected-after-cancel-request', running.handle);
    });
  });
});

// Last in its file: the time-skipping server does not always skip any more once an activity was canceled.
describe('an order whose step fails until somebody steps in', () => {
  it('is tried at once when an operator asks for it, who is refused where nothing is shown', async () => {
    const release = broken('release');
    const services = await withOrder(environment(), { before: release.before }, async (running) => {
      await running.until(isConfirmed);
      assert.equal(await running.resolve('retry'), 'not_resolvable');
      assert.equal(await running.resolve('write_off'), 'not_resolvable');
      await running.handle.cancel();
      await inTime(running, isShown('release_failing'));
      release.heal();
      const askedAtMs = await environment().currentTimeMs();
      assert.equal(await running.resolve('retry'), '');
      await running.until(({ row }) => row().status === 'CANCELED');
      // Its pause would have been a minute.
      assert.ok(release.triedAtMs.at(-1)! - askedAtMs < 10_000, 'it waited for the end of its pause');
      await running.handle.result();
      await keepHistory('order-retried', running.handle);
    });
    assert.deepEqual(
      services.resolutions.map(({ action, actor, comment }) => ({ action, actor, comment })),
      [{ action: 'retry', actor: 'alice', comment: 'a test' }],
    );
  });

  it('ends once it heals, although attention to it can never be written', async () => {
    const release = broken('release');
    const options: OrderOptions = {
      before: async (name) => {
        await release.before(name);
        if (name === 'recordOrderAttention') throw unavailable();
      },
    };
    await withOrder(environment(), options, async (running) => {
      await running.until(isConfirmed);
      await running.handle.cancel();
      await inTime(running, ({ attempts }) => attempts.includes('recordOrderAttention'));
      release.heal();
      assert.equal((await running.handle.result()).status, 'CANCELED');
      await keepHistory('order-attention-not-written', running.handle);
    });
  });
});

describe('an order that is due, and whose run was terminated while its money was collected', () => {
  const AT = [
    ['before', 'collect'],
    ['after', 'collect'],
    ['before', 'settleDue'],
    ['after', 'settleDue'],
    ['after', 'recordConsignment'],
  ] as const;
  it('is either collected or written off, in the wallets, the books and its row', async () => {
    await withOrders(
      environment(),
      AT.map(([when, at]) => {
        // The first two of its records are ISSUED and DUE, in the course of its end and of its delivery.
        const { hold, reached, release } = holdUp(at, at === 'recordConsignment' ? 4 : 1);
        return {
          name: `${when} ${at}`,
          options: { ...due, [when]: hold },
          use: async (running) => {
            await beDue(running, ({ until }, isSo) => until(isSo));
            await running.until(({ row }) => row().consignments[0]!.goods === 'DELIVERED');
            assert.equal(await running.resolve('collect_again'), '');
            await reached;
            await running.handle.terminate('by a test');
            const next = await running.startAnew();
            const isSettled = when === 'after' && at === 'recordConsignment';
            if (!isSettled)
              await running.until(({ attempts }) => attempts.filter((name) => name === 'goodsOf').length > 0);
            for (let answer = isSettled ? '' : 'not_resolvable'; answer !== '';)
              answer = await running.resolve('write_off');
            assert.equal((await next.result()).status, 'COMPLETED');
            release();
            await keepHistory(`order-due-adopted-${when}-${at}`, next);
          },
        };
      }),
    );
  });
});
