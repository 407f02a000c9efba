// When the reconciliation can know that a workflow was ended by hand, and that a database was restored.

import { movementWorkflows } from '../../temporal/transfer/movement-workflows.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';
import type { Money } from './money.ts';
import { until } from './stack.ts';

/** What Temporal lists of its workflows comes some time after them. */
export function untilListedAsClosed({ temporal: client }: Money, workflowId: string): Promise<void> {
  const { closedFromOutside } = movementWorkflows({ client } as MovementStarter);
  return until(120_000, `${workflowId} is not listed as closed from outside`, async () => {
    const { workflowIds } = await closedFromOutside(Date.now() - 600_000, Date.now() + 600_000);
    return workflowIds.includes(workflowId);
  });
}

/**
 * Until then the sweep starts a transfer whose workflow is gone, and leaves nothing for a reconciliation to repair. Of one
 * that is past PENDING no start is noted, nor swept.
 */
export function untilNotedAsStarted(money: Money, transferId: string): Promise<void> {
  return until(120_000, `the start of ${transferId} is not noted`, async () => {
    const due = `SELECT FROM transfers WHERE transfer_id = $1 AND status = 'PENDING' AND start_due_at IS NOT NULL`;
    return (await money.rows('transfer', due, [transferId])).length === 0;
  });
}

/** What a restored transfer database says of transfers that were accepted before the backup, and ended after it. */
export async function restoreToPending(money: Money, column: 'transfer_id' | 'batch_id', id: string): Promise<void> {
  await money.rows(
    'transfer',
    `WITH restored AS (
       UPDATE transfers SET status = 'PENDING', start_due_at = NULL, updated_at = clock_timestamp() WHERE ${column} = $1 RETURNING transfer_id
     ), event AS (
       DELETE FROM outbox_events WHERE type <> 'transfer.initiated' AND split_part(event_id, '/', CASE WHEN subject IS NULL THEN 3 ELSE 2 END) IN (SELECT transfer_id::text FROM restored)
     )
     DELETE FROM transfer_steps WHERE step <> 'PENDING' AND transfer_id IN (SELECT transfer_id FROM restored)`,
    [id],
  );
}
