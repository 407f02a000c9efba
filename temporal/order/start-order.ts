/** The start of the workflows of orders and returns from their rows: the same start, whether the API sends it or the sweep. */
import { WorkflowExecutionAlreadyStartedError, type Client, type WorkflowStartOptions } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { findOrder, storedOrderOf, type Order } from '../../db/order/queries.ts';
import { findReturn, type Return } from '../../db/order/returns.ts';
import type { OrderId, ReturnId, TransferId, WalletId } from '../../domain/ids.ts';
import { hasOrderEnded } from '../../domain/order/order.ts';
import { ofTenant } from '../../domain/tenant.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import {
  ORDER_TASK_QUEUE,
  orderWorkflowId,
  returnWorkflowId,
  type OrderInput,
  type ReturnInput,
} from '../../workflows/order/messages.ts';
import { searchAttributes, type MovementMemo } from '../../workflows/transfer/messages.ts';
import { VERIFIED_WITHIN_MS, type NamespaceBinding } from '../namespace-binding.ts';
import { isRunningFor } from '../run-of-another-body.ts';

export interface OrderStarter {
  readonly client: Client;
  /** Keeps a start out of a namespace that is not the installation's own. */
  readonly binding: Pick<NamespaceBinding, 'verify'>;
  /** The order as its row is now. */
  readonly findOrder: (orderId: OrderId) => Promise<Order | undefined>;
  /** The return as its row is now. */
  readonly findReturn: (returnId: ReturnId) => Promise<Return | undefined>;
  readonly marginSeconds: number;
  readonly dispatch: 'ordinary' | 'local';
  /** Whether the client shares the connection of a workflow worker here, which then gets the first task in the answer. */
  readonly isEager?: boolean;
}

/** What starts orders, by the rows of this database. */
export function createOrderStarter(
  database: Database,
  how: Omit<OrderStarter, 'findOrder' | 'findReturn'>,
): OrderStarter {
  return {
    ...how,
    findOrder: (orderId) => findOrder(database, orderId),
    findReturn: (returnId) => findReturn(database, returnId),
  };
}

/**
 * Resolves when the workflow is known to have been started, now or before. A repeat finds the first run. Throws RunOfAnotherBody if
 * the start has to be repeated later.
 */
export async function startOrder(starter: OrderStarter, row: Order): Promise<void> {
  const { orderId, buyerWalletId, sellerWalletId } = row;
  await start(starter, 'order', {
    workflowId: orderWorkflowId(orderId),
    input: await orderInput(starter, row),
    staticSummary: `Order of ${buyerWalletId} from ${sellerWalletId}`,
    walletIds: [buyerWalletId, sellerWalletId],
    status: row.status,
    bodyHash: row.bodyHash,
    latest: async () => {
      const latest = await starter.findOrder(orderId);
      const isOpen = latest !== undefined && !hasOrderEnded(latest);
      return isOpen ? orderInput(starter, latest) : undefined;
    },
  });
}

/** As startOrder. The order is the return's. */
export async function startReturn(starter: OrderStarter, row: Return, order: Order): Promise<void> {
  const paidBy = order.consignments.find(({ lines }) => lines.includes(row.lines[0]!.line))!.transferId;
  const input = await returnInput(starter, row, order, paidBy);
  await start(starter, 'orderReturn', {
    workflowId: returnWorkflowId(row.returnId),
    input,
    staticSummary: `Return of order ${row.orderId}`,
    walletIds: [order.buyerWalletId, order.sellerWalletId],
    status: row.status,
    bodyHash: row.bodyHash,
    latest: async () => ((await starter.findReturn(row.returnId))?.status === 'RECEIVED' ? input : undefined),
  });
}

async function orderInput({ binding, dispatch, marginSeconds }: OrderStarter, row: Order): Promise<OrderInput> {
  const { orderId, buyerWalletId, sellerWalletId, currency, shippingAmount, allowSplit, holdSeconds } = row;
  const { installationId } = await binding.verify(VERIFIED_WITHIN_MS);
  const lines = row.lines.map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice }));
  return {
    terms: {
      orderId,
      buyerWalletId,
      sellerWalletId,
      currency,
      lines,
      shippingAmount,
      allowSplit,
      ...ofTenant(row.tenant),
    },
    deadlineMs: row.deadlineAt.getTime(),
    ...{ holdSeconds, marginSeconds, dispatch, installationId },
    trace: traceOf(row),
    ...(row.status === 'PENDING' && !row.compensating ? {} : { stored: storedOrderOf(row) }),
  };
}

async function returnInput(
  { binding, dispatch }: OrderStarter,
  row: Return,
  { orderId, tenant, sellerWalletId, currency }: Order,
  paidBy: TransferId,
): Promise<ReturnInput> {
  const { installationId } = await binding.verify(VERIFIED_WITHIN_MS);
  return {
    returnId: row.returnId,
    terms: { orderId, sellerWalletId, currency, ...ofTenant(tenant) },
    lines: row.lines.map(({ sku, quantity, unitPrice, disposition }) => ({
      ...{ sku, quantity, unitPrice },
      disposition: disposition ?? 'restock',
    })),
    ...{ paidBy, amount: row.amount, dispatch, installationId },
    trace: traceOf(row),
  };
}

function traceOf({ requestId, traceparent }: { requestId: string; traceparent: string | null }): TraceContext {
  return { requestId, ...(traceparent === null ? {} : { traceparent }) };
}

interface Started {
  readonly workflowId: string;
  readonly input: object;
  readonly staticSummary: string;
  readonly walletIds: WalletId[];
  readonly status: string;
  readonly bodyHash: string;
  /** The input for another run, if the row is open although a run has ended by itself: it was restored since. */
  readonly latest: () => Promise<object | undefined>;
}

async function start(
  { client, isEager = false }: OrderStarter,
  workflowType: string,
  { workflowId, input, staticSummary, walletIds, status, bodyHash, latest }: Started,
): Promise<void> {
  const memo: MovementMemo = { bodyHash };
  const options: WorkflowStartOptions = {
    taskQueue: ORDER_TASK_QUEUE,
    workflowId,
    args: [input],
    memo: { ...memo },
    staticSummary,
    workflowIdConflictPolicy: 'FAIL',
    // Only a run that did not end Completed may be followed by another: rows and fences tell it how far the first had come.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    requestEagerStart: isEager,
    typedSearchAttributes: [
      { key: searchAttributes.movementStatus, value: status },
      { key: searchAttributes.walletIds, value: walletIds },
    ],
  };
  try {
    await client.workflow.start(workflowType, options);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    if (await isRunningFor(bodyHash, client, workflowId)) return;
    const anew = await latest();
    if (anew !== undefined)
      await client.workflow.start(workflowType, {
        ...options,
        args: [anew],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
  }
}
