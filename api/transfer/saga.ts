/** The transfer service's part of a transfer's timeline, which api/console/ puts together: its row, its steps, its workflow. */
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { findTransferWithSteps, type TransferWithSteps } from '../../db/transfer/saga-queries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { TransferId } from '../../domain/ids.ts';
import { seeWorkflow, type SeenWorkflow } from '../../temporal/seen-workflow.ts';
import { batchWorkflowId, groupWorkflowId, transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { transferNotFound } from './answer.ts';

/** Throws `transfer_not_found`. */
export async function readTransferSaga(database: Database, tenant: Tenant, id: TransferId): Promise<TransferWithSteps> {
  const found = await boundedQuery(database, () => findTransferWithSteps(database, tenant, id));
  if (found === undefined) throw transferNotFound(id);
  return found;
}

/**
 * The workflows that have moved a transfer, or move it: the batch's or the group's, and its own, which goes on with what a group has left;
 * undefined if Temporal keeps none of them. Throws if Temporal does not answer.
 */
export async function seeTransferWorkflow(
  client: Client,
  { transferId, groupId, batchId }: TransferWithSteps['transfer'],
): Promise<SeenWorkflow | undefined> {
  if (batchId !== null) {
    const batch = await seeWorkflow(client, batchWorkflowId(batchId));
    // Its activities are about thousands of items, and do not say which.
    return batch && { ...batch, activities: [], pending: [] };
  }
  const [own, group] = await Promise.all([
    seeWorkflow(client, transferWorkflowId(transferId)),
    groupId === null ? undefined : seeWorkflow(client, groupWorkflowId(groupId)),
  ]);
  if (own === undefined || group === undefined) return own ?? group;
  return { ...own, activities: [...group.activities, ...own.activities] };
}
