/** A return, as a workflow with the services of its order. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { InstallationId, ReturnId, TransferId } from '../../domain/ids.ts';
import { ORDER_TASK_QUEUE, returnWorkflowId, type ReturnInput } from '../../workflows/order/messages.ts';
import type { orderReturn } from '../../workflows/order/return.ts';
import { withWorkers } from './environment.ts';
import { linesOf, ofOrders, ORDER_TASK_QUEUES, termsOf, type OrderOptions } from './order-run.ts';
import { createOrderServices } from './order-services.ts';

export type ReturnHandle = WorkflowHandle<typeof orderReturn>;

/** A return of one of the first SKU, which is put on the shelf again, and two of the second, which are not. */
export async function runReturn(
  environment: TestWorkflowEnvironment,
  options: OrderOptions,
  use: (start: () => Promise<ReturnHandle>, services: ReturnType<typeof createOrderServices>) => Promise<void>,
) {
  const returnId = randomUUID() as ReturnId;
  const terms = termsOf({ ...options, lines: linesOf(1, 2) });
  const services = createOrderServices(terms, returnId, () => environment.currentTimeMs(), options);
  const input: ReturnInput = {
    ...{ returnId, terms, paidBy: 'hold-1' as TransferId, amount: '30.0000', dispatch: 'ordinary' },
    lines: terms.lines.map((line, index) => ({ ...line, disposition: index === 0 ? 'restock' : 'scrap' })),
    ...{ trace: { requestId: 'test-request' }, installationId: 'test-installation' as InstallationId },
  };
  const start = () =>
    environment.client.workflow.start<typeof orderReturn>('orderReturn', {
      ...{ workflowId: returnWorkflowId(returnId), taskQueue: ORDER_TASK_QUEUE, args: [input] },
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  await withWorkers(ofOrders([services]), () => use(start, services), ORDER_TASK_QUEUES);
  // Whatever has become of it, the goods and the credit note are there once.
  assert.deepEqual(
    [...services.stock],
    [
      ['sku-1', { onHand: 101, reserved: 0 }],
      ['sku-2', { onHand: 100, reserved: 0 }],
    ],
  );
  assert.deepEqual([...services.creditNotes], [[returnId, '30.0000']]);
  assert.ok(services.refunds.filter((end) => end === 'COMPLETED').length <= 1);
  if (services.returned.status === 'REFUNDED') {
    assert.equal(services.paid(), '-30.0000');
    assert.equal(services.refundsPosted.size, 1);
    assert.equal(services.returned.shown, null);
  }
  return services;
}
