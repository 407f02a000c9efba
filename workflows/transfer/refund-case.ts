/**
 * What an operator has done about a transfer whose row is lost, or whose id had been another's: what its sender was debited,
 * and nobody got, is given back, also what a hold leaves of which a part was captured. As in compensation the fences decide, so a
 * transfer that is settled beside this is settled once.
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
 * Answers how many debits it has settled. Goes on until the shards have answered; ends by telling the case what came of it, and
 * looking at that again.
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
    // Asked about by the amount that was captured: a credit of before counterparties were kept is known again by that alone.
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
