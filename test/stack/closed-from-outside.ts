// When the reconciliation can know that a workflow was ended by hand.

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
