/**
 * A decision about a case that was approved, as it is carried out: right after the last vote, or by the sweep. A repeat finds what the
 * first has begun. What has become of the case by then may leave nothing to do, and its workflow may refuse, as it may refuse an operator.
 */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { Database } from '../../db/database.ts';
import { noteDecisionsCarriedOut, type Approval } from '../../db/transfer/approval-queries.ts';
import { findCase, logAction } from '../../db/transfer/case-queries.ts';
import { findTransfer, type Transfer } from '../../db/transfer/queries.ts';
import type { Acting } from '../../domain/acting.ts';
import { askerOf } from '../../domain/transfer/approval.ts';
import { DISAGREEMENTS } from '../../domain/transfer/reconciliation.ts';
import { isTerminal } from '../../domain/transfer/transfer.ts';
import { resolveUpdate, transferWorkflowId } from '../../workflows/transfer/messages.ts';
import { startTransfer, type MovementStarter } from './start-movement.ts';
import { startRefundOfCase } from './start-reconciliation.ts';

/** Resolves when it is carried out, or nothing is left to do; throws if that is not known, and it has to be repeated. */
export async function carryOutDecision(
  starter: MovementStarter,
  database: Database,
  approval: Approval,
): Promise<void> {
  const { approvalId, caseId, kind, proposal } = approval;
  if (caseId === null || (kind !== 'refund' && kind !== 'write_off')) return;
  const found = await findCase(database, caseId);
  const acting = askerOf(approval);
  const comment = proposal?.['comment'] ?? '';
  const requestKey = `approval/${approvalId}`;
  if (found?.status === 'OPEN' && (DISAGREEMENTS as readonly string[]).includes(found.reason)) {
    const { installationId } = await starter.binding.verify();
    await logAction(database, caseId, { action: 'refund', comment, requestKey }, { acting });
    const { client, walletShardCount } = starter;
    await startRefundOfCase(client, { caseId, walletShardCount, trace: { requestId: requestKey }, installationId });
  } else if (found?.status === 'OPEN' && found.transferId !== null) {
    const row = await findTransfer(database, found.transferId);
    if (row !== undefined && !isTerminal(row.status))
      await askWorkflow(starter, row, { action: kind, comment, ...acting }, requestKey);
  }
  await noteDecisionsCarriedOut(database, [approvalId]);
}

async function askWorkflow(
  starter: MovementStarter,
  row: Transfer,
  asked: Acting & { readonly action: 'refund' | 'write_off'; readonly comment: string },
  updateId: string,
): Promise<void> {
  await starter.binding.verify();
  try {
    // Its log is written, and the money given back, by the workflow, however long that takes.
    await starter.client.workflow.getHandle(transferWorkflowId(row.transferId)).startUpdate(resolveUpdate, {
      args: [{ ...asked, bodyHash: row.bodyHash }],
      waitForStage: 'ACCEPTED',
      updateId,
    });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) await startTransfer(starter, row);
    if (!(error instanceof WorkflowUpdateFailedError && typeOf(error.cause) === 'not_resolvable')) throw error;
  }
}

function typeOf(cause: unknown): string | undefined {
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}
