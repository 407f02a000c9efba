/**
 * The starts of the reconciliation: its schedule, a run that somebody asked for, a comparison of everything, the refund of a case,
 * and the look at a case. A repeat of each finds what is there.
 */
import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  WorkflowExecutionAlreadyStartedError,
  type Client,
} from '@temporalio/client';
import type { CaseId, RunId } from '../../domain/ids.ts';
import { EVERY_SECONDS, type RunScope } from '../../domain/transfer/reconciliation.ts';
import {
  caseWorkflowId,
  reconciliationWorkflowId,
  refundCaseWorkflowId,
  TRANSFER_TASK_QUEUE,
  type ReconciliationInput,
  type RefundCaseInput,
} from '../../workflows/transfer/messages.ts';

const SCHEDULE_ID = 'reconciliation';

/**
 * Makes the schedule unless it is there: it stays as an operator has changed or paused it. If a run is still under way when the
 * next is due, the next is left out.
 */
export async function ensureReconciliationSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: SCHEDULE_ID,
      spec: { intervals: [{ every: EVERY_SECONDS * 1_000 }] },
      // The next run does the work of those that were missed.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow',
        workflowType: 'reconciliation',
        workflowId: 'reconciliation/scheduled',
        taskQueue: TRANSFER_TASK_QUEUE,
        args: [{} satisfies ReconciliationInput],
        staticSummary: 'Compares transfers, ledger and workflows since the last mark',
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

/** Resolves when the workflow of this run is known to have been started. */
export async function startReconciliation(client: Client, runId: RunId, scope: RunScope = 'changes'): Promise<void> {
  await client.workflow.start('reconciliation', {
    taskQueue: TRANSFER_TASK_QUEUE,
    workflowId: reconciliationWorkflowId(runId),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ runId, ...(scope === 'all' ? { scope } : {}) } satisfies ReconciliationInput],
    staticSummary: 'Compares transfers, ledger and workflows, as somebody asked for',
  });
}

/**
 * Starts a comparison of everything, once, however often it is asked for: another follows only if the workflow of the first did not
 * end Completed.
 */
export async function startComparison(client: Client, runId: RunId): Promise<void> {
  try {
    await client.workflow.start('reconciliation', {
      taskQueue: TRANSFER_TASK_QUEUE,
      workflowId: reconciliationWorkflowId(runId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [{ runId, scope: 'all' } satisfies ReconciliationInput],
      staticSummary: 'Compares all transfers, ledger and workflows, because a shard was restored',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Starts giving back what a case's transfer has left half done, or finds the workflow that does so already. */
export async function startRefundOfCase(client: Client, input: RefundCaseInput): Promise<void> {
  await client.workflow.start('refundCase', {
    taskQueue: TRANSFER_TASK_QUEUE,
    workflowId: refundCaseWorkflowId(input.caseId),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary: 'Gives back what a transfer has left half done',
  });
}

/** Starts another look at a case, or finds the one that is under way. */
export async function startLookAtCase(client: Client, caseId: CaseId): Promise<void> {
  await client.workflow.start('reconciliation', {
    taskQueue: TRANSFER_TASK_QUEUE,
    workflowId: caseWorkflowId(caseId),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ caseId } satisfies ReconciliationInput],
    staticSummary: 'Looks at a case again',
  });
}
