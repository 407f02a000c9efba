/**
 * The refund of a case about a transfer whose row is lost, or whose id was another transfer's before: it gives the sender back a
 * debit that was never credited, and what a partial capture has left of a hold. As in compensation, the fences decide, so a
 * transfer that is also settled elsewhere is settled once.
 */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ReconciliationActivities } from '../../activities/transfer/reconciliation.ts';
import { shardOf, walletTaskQueue } from '../../domain/routing.ts';
import type { TransferTerms } from '../../domain/transfer/transfer.ts';
import { TRANSFER_TASK_QUEUE, type RefundCaseInput } from './messages.ts';
import { createSteps } from '../steps.ts';

const { subjectOfCase, leftHalfDone, settleSuspects } = proxyActivities<ReconciliationActivities>({
  taskQueue: TRANSFER_TASK_QUEUE,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
});

/**
 * Returns how many debits it has settled. Goes on until the shards have answered; then writes the outcome into the log of the case,
 * and looks at the case's subject again.
 */
export async function refundCase(input: RefundCaseInput): Promise<number> {
  const steps = createSteps({ dispatch: 'ordinary', ...input });
  const { caseId, trace, walletShardCount } = input;
  const queueOf = (walletId: TransferTerms['senderWalletId']): string =>
    walletTaskQueue(shardOf(walletId, walletShardCount));

  const subject = await subjectOfCase({ caseId });
  if (subject === null) return 0;
  const debits = await leftHalfDone({ subject });
  for (const { credited: captured, ...terms } of debits) {
    const reason = 'canceled';
    const total = terms.amount;
    // Asks with the captured amount: a credit from before fences kept counterparties is recognized by its amount alone.
    const creditTerms = { ...terms, amount: captured ?? total };
    const asked = { terms: creditTerms, trace, total, reason } as const;
    const credit = await steps.run('cancelCredit', queueOf(terms.receiverWalletId), asked);
    const credited = credit.outcome === 'applied' ? (credit.amount ?? creditTerms.amount) : '0';
    const otherCredit = credit.outcome === 'rejected' ? credit.amount : undefined;
    await steps.run('refund', queueOf(terms.senderWalletId), {
      terms,
      trace,
      total,
      credited,
      reason,
      ...(otherCredit === undefined ? {} : { otherCredit }),
    });
  }
  await settleSuspects({ subjects: [subject], refunded: { caseId, runId: workflowInfo().runId } });
  return debits.length;
}
