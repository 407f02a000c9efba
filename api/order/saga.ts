/** The order service's part of an order's timeline, which api/console/ puts together: its row, its steps, its workflow. */
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { findOrderWithSteps, type OrderWithSteps } from '../../db/order/saga-queries.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { seeWorkflow, type SeenWorkflow } from '../../temporal/seen-workflow.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { ProblemError } from '../http/problem.ts';

export type { OrderWithSteps } from '../../db/order/saga-queries.ts';

/** Throws `order_not_found`, also for an order of another tenant. */
export async function readOrderSaga(database: Database, tenant: Tenant, id: OrderId): Promise<OrderWithSteps> {
  const found = await boundedQuery(database, () => findOrderWithSteps(database, tenant, id));
  if (found === undefined) throw new ProblemError('order_not_found', { detail: `There is no order ${id}.` });
  return found;
}

/** Undefined if Temporal keeps nothing of it. Throws if Temporal does not answer. */
export function seeOrderWorkflow(client: Client, id: OrderId): Promise<SeenWorkflow | undefined> {
  return seeWorkflow(client, orderWorkflowId(id));
}
