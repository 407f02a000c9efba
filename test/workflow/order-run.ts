/** Runs of orders on the time-skipping server, the requests to them, and what has to hold of one that has ended. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Currency } from '../../domain/currency.ts';
import type { InstallationId, OrderId, ReturnId, WalletId } from '../../domain/ids.ts';
import type { Issued } from '../../domain/inventory/operations.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { endOfOrder } from '../../domain/order/money.ts';
import type { OrderAction, StoredOrder } from '../../domain/order/operations.ts';
import { mayEndAs, type OrderLine, type OrderTerms } from '../../domain/order/order.ts';
import {
  cancelOrderUpdate,
  handOverUpdate,
  ORDER_TASK_QUEUE,
  orderWorkflowId,
  resolveOrderUpdate,
  shipmentMovedSignal,
  type OrderInput,
} from '../../workflows/order/messages.ts';
import type { order } from '../../workflows/order/order.ts';
import { sameTenant, type Tenant } from '../../domain/tenant.ts';
import { refusalOf, withWorkers } from './environment.ts';
import type { OrderActivity, OrderFaults } from './order-faults.ts';
import { createOrderServices, type OrderServices } from './order-services.ts';

export const ORDER_TASK_QUEUES = [ORDER_TASK_QUEUE, 'inventory', 'delivery', 'accounting'];
export const HOLD_SECONDS = 7 * 86_400;

/** As many lines as there are quantities. */
export function linesOf(...quantities: number[]): OrderLine[] {
  return quantities.map((quantity, index) => ({ sku: `sku-${index + 1}`, quantity, unitPrice: '10.0000' }));
}

export interface OrderOptions extends OrderFaults {
  readonly lines?: readonly OrderLine[];
  readonly allowSplit?: boolean;
  readonly tenant?: Tenant;
  readonly deadlineInMs?: number;
  readonly dispatch?: 'ordinary' | 'local';
}

type Handle = WorkflowHandleWithStartDetails<typeof order>;
/** Another row than the one that is there. */
interface Input {
  readonly stored?: StoredOrder | undefined;
  readonly deadlineMs?: number;
}

export interface RunningOrder {
  readonly services: OrderServices;
  /** Of the run that was started last. */
  readonly handle: Handle;
  /** Starts another run; without anything to change in its input, as a starter does. */
  readonly startAnew: (input?: Input) => Promise<Handle>;
  readonly handOver: (n?: number, carrierReference?: string) => Promise<Issued | undefined>;
  readonly cancel: () => Promise<void>;
  readonly resolve: (action: OrderAction) => Promise<string>;
  readonly moved: (n?: number) => Promise<void>;
  /** Waits in real time until something is so. */
  readonly until: (isSo: (services: OrderServices) => boolean) => Promise<void>;
}

/** An order with its services in the hands of `use`. It has to have ended properly when `use` returns. */
export async function withOrder(
  environment: TestWorkflowEnvironment,
  options: OrderOptions,
  use: (running: RunningOrder) => Promise<void>,
): Promise<OrderServices> {
  let services: OrderServices;
  await withOrders(environment, [
    { name: '', options, use: (running) => use(running).then(() => void (services = running.services)) },
  ]);
  return services!;
}

export interface OrderCase {
  readonly name: string;
  readonly options: OrderOptions;
  readonly use: (running: RunningOrder) => Promise<void>;
}

/**
 * Several orders, each with services of its own: workers start once for them all. One at a time: with several under way, the
 * time-skipping server loses count of what it waits for.
 */
export async function withOrders(environment: TestWorkflowEnvironment, cases: readonly OrderCase[]): Promise<void> {
  const orders = cases.map((each) => ({
    ...each,
    services: createOrderServices(
      termsOf(each.options),
      randomUUID() as ReturnId,
      () => environment.currentTimeMs(),
      each.options,
    ),
  }));
  const runs = async (): Promise<void> => {
    for (const { name, options, use, services } of orders) {
      try {
        await use(await startOrder(environment, services, options));
      } catch (error) {
        if (name === '') throw error;
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
      }
    }
  };
  await withWorkers(ofOrders(orders.map(({ services }) => services)), runs, ORDER_TASK_QUEUES);
  for (const { name, services } of orders) assertOrderSettled(services, name);
}

export function termsOf({ lines = linesOf(2), allowSplit = false, ...of }: OrderOptions): OrderTerms {
  return {
    orderId: randomUUID() as OrderId,
    buyerWalletId: '0a'.padEnd(36, '0') as WalletId,
    sellerWalletId: 'fa'.padEnd(36, '0') as WalletId,
    currency: 'USD' as Currency,
    lines,
    shippingAmount: '5.0000',
    allowSplit,
    ...sameTenant(of),
  };
}

async function startOrder(
  environment: TestWorkflowEnvironment,
  services: OrderServices,
  { deadlineInMs = 600_000, dispatch = 'ordinary' }: OrderOptions,
): Promise<RunningOrder> {
  const deadlineMs = (await environment.currentTimeMs()) + deadlineInMs;
  const workflowId = orderWorkflowId(services.orderId);
  const start = (changed: Input): Promise<Handle> => {
    const stored = 'stored' in changed ? changed.stored : services.stored();
    const input: OrderInput = {
      ...{ terms: services.terms, deadlineMs, holdSeconds: HOLD_SECONDS, marginSeconds: 3_600, dispatch },
      ...{ trace: { requestId: 'test-request' }, installationId: 'test-installation' as InstallationId },
      ...(stored === undefined ? {} : { stored }),
      ...(changed.deadlineMs === undefined ? {} : { deadlineMs: changed.deadlineMs }),
    };
    return environment.client.workflow.start<typeof order>('order', {
      ...{ workflowId, taskQueue: ORDER_TASK_QUEUE, args: [input] },
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
  };
  let handle = await start({});
  const toRun = environment.client.workflow.getHandle(workflowId);
  return {
    services,
    get handle() {
      return handle;
    },
    startAnew: async (changed = {}) => (handle = await start(changed)),
    handOver: (n = 1, carrierReference = `carrier-${n}`) =>
      toRun.executeUpdate(handOverUpdate, { args: [{ n, carrierReference }] }),
    cancel: () => toRun.executeUpdate(cancelOrderUpdate),
    resolve: (action) =>
      refusalOf(toRun.executeUpdate(resolveOrderUpdate, { args: [{ action, actor: 'alice', comment: 'a test' }] })),
    moved: (n = 1) => toRun.signal(shipmentMovedSignal, { n }),
    until: async (isSo) => {
      for (let tries = 0; tries < 500; tries += 1) {
        if (isSo(services)) return;
        await sleep(20);
      }
      assert.fail(`it never became so: ${services.steps.join(', ')}; ${services.attempts.join(' ')}`);
    },
  };
}

/** What holds of each order that has ended, however it has ended. */
export function assertOrderSettled(services: OrderServices, name = ''): void {
  const { violations, terms, holds, shipments, stock, goods, attention } = services;
  const { status, consignments } = services.row();
  assert.deepEqual(violations, [], name);
  assert.ok(['COMPLETED', 'PARTLY_COMPLETED', 'CANCELED'].includes(status), `${name} it is ${status}`);
  if (consignments.length > 0) assert.equal(status, endOfOrder(consignments), name);
  else assert.equal(status, 'CANCELED', name);

  const parts = services.consignmentsOf();
  const issued = parts.filter(({ n }) => goods.get(n)?.outcome === 'issued');
  assert.deepEqual(
    parts.filter(({ n }) => !goods.has(n)),
    [],
    `${name} goods are reserved for ever`,
  );
  for (const { n, goods: row, money, releaseReason } of consignments) {
    assert.ok(mayEndAs(row, money), `${name} consignment ${n} is ${row} and ${money}`);
    assert.equal(row === 'RELEASED', goods.get(n)?.outcome === 'released', `${name} ${n} is ${row}`);
    assert.equal(releaseReason !== null, row === 'RELEASED', `${name} ${n} was released for ${releaseReason}`);
  }
  for (const { sku } of terms.lines) {
    const left = issued.flatMap(({ lines }) => lines).filter((line) => line.sku === sku);
    const onHand = services.onHand - left.reduce((sum, { quantity }) => sum + quantity, 0);
    assert.deepEqual(stock.get(sku), { onHand, reserved: 0 }, `${name} ${sku}`);
  }
  for (const [n, hold] of holds) {
    assert.notEqual(hold.status, 'HELD', `${name} the hold ${n} is left`);
    if (hold.status === 'COMPLETED') assert.equal(hold.isReversed, !issued.some((each) => each.n === n), name);
  }
  const ended = issued.map(({ n }) => [n, 'DELIVERED'] as const);
  assert.deepEqual(
    [...shipments].filter(([, each]) => each === 'BOOKED' || each === 'DELIVERED').toSorted(([a], [b]) => a - b),
    ended,
    `${name} shipments`,
  );
  assertBooks(
    services,
    issued.map(({ n }) => n),
    name,
  );
  assert.deepEqual({ ...attention }, { shown: null, cases: [] }, name);
}

/** Each that has left has one invoice, and what it says is captured, collected or written off. */
function assertBooks({ invoices, holds, collections, paid, row }: OrderServices, issued: number[], name: string): void {
  assert.deepEqual(
    [...invoices.keys()].toSorted((a, b) => a - b),
    issued,
    `${name} invoices`,
  );
  assert.deepEqual(
    [...invoices.values()].map(({ number }) => number).toSorted((a, b) => a - b),
    issued.map((_, index) => index + 1),
    name,
  );
  let received = 0n;
  for (const [n, { amount, paidBy, settled }] of invoices) {
    const isCaptured = holds.get(n)?.status === 'COMPLETED';
    const isCollected = collections.get(n)?.at(-1) === 'COMPLETED';
    assert.equal(paidBy !== undefined, isCaptured, `${name} ${n} captured`);
    assert.equal(settled === 'collected', isCollected, `${name} ${n} collected, and settled as ${settled}`);
    assert.equal(settled === undefined, isCaptured, `${name} ${n} is due`);
    const money = isCaptured ? 'CAPTURED' : isCollected ? 'COLLECTED' : 'WRITTEN_OFF';
    assert.equal(row().consignments.find((each) => each.n === n)?.money, money, `${name} ${n}`);
    if (settled !== 'written_off') received += parseUnits(amount);
  }
  assert.equal(paid(), formatUnits(received), `${name} what the buyer has paid`);
}

/** The activities of several orders, each by its own services. */
export function ofOrders(orders: readonly OrderServices[]): { readonly activities: object } {
  const of = (input: { orderId?: OrderId; returnId?: ReturnId }): OrderServices =>
    orders.find(({ orderId, returnId }) => orderId === input.orderId || returnId === input.returnId)!;
  const names = Object.keys(orders[0]!.activities) as OrderActivity[];
  return {
    activities: Object.fromEntries(
      names.map((name) => [name, (input: never) => (of(input).activities[name] as (input: never) => unknown)(input)]),
    ),
  };
}
