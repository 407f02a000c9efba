// A run of the reconciliation of reservations on the time-skipping server: pages of what is reserved, each judged, each leftover settled
// by the fence that its judgment names.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { InstallationId, OrderId } from '../../domain/ids.ts';
import type { Leftover, ReservedQuestion } from '../../domain/order/reconciliation.ts';
import type { orderReconciliation } from '../../workflows/order/reconciliation.ts';
import { it, useEnvironment, withWorkers } from './environment.ts';

const environment = useEnvironment();

describe('a run of the reconciliation of reservations', () => {
  it('asks page after page, and settles what is left over as it is judged', async () => {
    const ids = Array.from({ length: 501 }, (_, index) => `order-${String(index).padStart(3, '0')}` as OrderId);
    const asked: string[] = [];
    const trace = { requestId: 'a test' };
    const leftovers: Record<string, Leftover> = {
      'order-000': { orderId: ids[0]!, trace, kind: 'whole' },
      'order-007': { orderId: ids[7]!, trace, kind: 'released', n: 2 },
      'order-500': { orderId: ids[500]!, trace, kind: 'issued', n: 1, carrierReference: 'van 7' },
    };
    const activities = {
      async listReserved({ after, limit }: ReservedQuestion) {
        asked.push(`after ${after ?? 'nothing'}`);
        return ids.filter((id) => after === undefined || id > after).slice(0, limit);
      },
      judgeReserved: async ({ orderIds }: { orderIds: OrderId[] }) => orderIds.flatMap((id) => leftovers[id] ?? []),
      releaseOrder: async ({ orderId }: { orderId: OrderId }) => void asked.push(`release ${orderId}`),
      release: async ({ orderId, n }: { orderId: OrderId; n: number }) => void asked.push(`release ${orderId}/${n}`),
      issue: async ({ orderId, n, carrierReference }: { orderId: OrderId; n: number; carrierReference: string }) =>
        void asked.push(`issue ${orderId}/${n} ${carrierReference}`),
    };
    await withWorkers(
      { activities },
      () =>
        environment().client.workflow.execute<typeof orderReconciliation>('orderReconciliation', {
          workflowId: 'order-reconciliation',
          taskQueue: 'order',
          args: [{ installationId: 'test' as InstallationId, olderThanSeconds: 300 }],
        }),
      ['order', 'inventory'],
    );
    assert.deepEqual(asked, [
      'after nothing',
      'release order-000',
      'release order-007/2',
      'after order-499',
      'issue order-500/1 van 7',
    ]);
  });
});
