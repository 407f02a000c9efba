// The workflows of orders and returns tell the tenant to every activity that stores a row or finds something by a name, in whatever course,
// and name none for the default one, so that its histories are as they were.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { defaultPayloadConverter } from '@temporalio/common';
import type { OfTenant, Tenant } from '../../domain/tenant.ts';
import { it, useEnvironment } from './environment.ts';
import type { OrderActivity } from './order-faults.ts';
import { runReturn } from './order-return-run.ts';
import { withOrder, type OrderOptions, type RunningOrder } from './order-run.ts';
import { holdUp } from './services.ts';

const environment = useEnvironment();

/** Those that are told the tenant; all others find what they change by an id of its own. */
const TOLD = new Set<string>([
  ...(['reserve', 'takeBack', 'adoptIssued', 'book', 'handOver'] satisfies OrderActivity[]),
  ...(['authorize', 'captureHold', 'voidHold', 'collect', 'closeCollection', 'refundReturn'] satisfies OrderActivity[]),
  ...(['postInvoice', 'settleDue', 'postCreditNote', 'postRefund'] satisfies OrderActivity[]),
]);

interface WithHistory {
  readonly fetchHistory: RunningOrder['handle']['fetchHistory'];
}

/** The activities of a run, and the tenant that each was told. */
async function toldBy(handle: WithHistory): Promise<(readonly [activity: string, tenant: Tenant | undefined])[]> {
  const { events } = await handle.fetchHistory();
  return events!.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled === null || scheduled === undefined) return [];
    const input = defaultPayloadConverter.fromPayload<OfTenant & { terms?: OfTenant }>(scheduled.input!.payloads![0]!);
    return [[scheduled.activityType!.name!, input.tenant ?? input.terms?.tenant] as const];
  });
}

async function assertTold(
  handle: WithHistory,
  tenant: Tenant | undefined,
  among: readonly OrderActivity[],
): Promise<void> {
  const told = await toldBy(handle);
  const names = told.map(([name]) => name);
  for (const name of among) assert.ok(names.includes(name), `${name} was not called: ${names.join()}`);
  for (const [name, named] of told) if (TOLD.has(name)) assert.equal(named, tenant, name);
  if (tenant === undefined) assert.ok(told.every(([, named]) => named === undefined));
}

for (const tenant of ['acme' as Tenant, undefined])
  describe(`an order of ${tenant ?? 'the default tenant'}`, () => {
    const of = tenant === undefined ? {} : { tenant };
    const isConfirmed = ({ row }: RunningOrder['services']): boolean => row().status === 'CONFIRMED';

    it('is reserved, held, booked, captured and invoiced for it', async () => {
      await withOrder(environment(), of, async ({ handle, handOver, until }) => {
        await until(isConfirmed);
        await handOver();
        await handle.result();
        await assertTold(handle, tenant, ['reserve', 'authorize', 'book', 'handOver', 'captureHold', 'postInvoice']);
      });
    });

    it('that is canceled has its hold voided for it', async () => {
      await withOrder(environment(), of, async ({ handle, cancel, until }) => {
        await until(isConfirmed);
        await cancel();
        await handle.result();
        await assertTold(handle, tenant, ['reserve', 'voidHold']);
      });
    });

    for (const [action, called] of [
      ['collect_again', 'collect'],
      ['write_off', 'closeCollection'],
    ] as const)
      it(`whose hold was lost is settled for it by ${action}`, async () => {
        await withOrder(environment(), { ...of, arrival: 'at_once' }, async (running) => {
          await running.until(isConfirmed);
          running.services.loseHold(1);
          await running.handOver();
          const isDue = (): boolean => running.services.attention.shown?.reason === 'payment_due';
          for (let tries = 0; tries < 100 && !isDue(); tries += 1) await environment().sleep('30 seconds');
          assert.ok(isDue());
          assert.equal(await running.resolve(action), '');
          await running.handle.result();
          await assertTold(running.handle, tenant, [called, 'settleDue']);
        });
      });

    /** The services of an order that was handed over, and whose run is gone: `use` restores some of them. */
    async function withLostRun(use: (running: RunningOrder) => Promise<void>): Promise<void> {
      const ending = holdUp('recordOrderEnd');
      const options: OrderOptions = { ...of, arrival: 'at_once', before: ending.hold };
      await withOrder(environment(), options, async (running) => {
        await running.until(isConfirmed);
        await running.handOver();
        await ending.reached;
        await running.handle.terminate('by a test');
        await use(running).finally(ending.release);
      });
    }

    it('has its goods leave again for it, of an inventory that was restored', async () => {
      await withLostRun(async ({ services, startAnew }) => {
        services.restoreInventory(true);
        const next = await startAnew();
        assert.equal((await next.result()).status, 'COMPLETED');
        await assertTold(next, tenant, ['adoptIssued']);
      });
    });

    it('is held and booked again for it, where its row was restored from before its confirmation', async () => {
      await withLostRun(async ({ services, startAnew }) => {
        services.restoreRow();
        services.restoreInventory();
        const next = await startAnew({ deadlineMs: 0 });
        assert.equal((await next.result()).status, 'COMPLETED');
        await assertTold(next, tenant, ['authorize', 'book']);
        // Somebody counts, and sees that the goods are gone, which the inventory does not know.
        services.goods.set(1, { outcome: 'issued', carrierReference: 'carrier-1' });
        services.stock.get('sku-1')!.onHand -= 2;
        services.violations.length = 0;
      });
    });

    it('has what comes back taken into its stock, credited in its books and paid back by its transfer', async () => {
      await runReturn(environment(), of, async (start) => {
        const handle = await start();
        assert.equal(await handle.result(), 'REFUNDED');
        await assertTold(handle, tenant, ['takeBack', 'postCreditNote', 'refundReturn', 'postRefund']);
      });
    });
  });
