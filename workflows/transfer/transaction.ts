/**
 * A one-sided transaction: money between a wallet and the outside world, in one operation of the wallet's shard.
 *
 *   PENDING ──transact──▶ PROCESSED
 *      │         └── refused ──▶ FAILED
 *      └── timed out, canceled, or not approved ──▶ cancel it ──▶ FAILED, or PROCESSED where it had been applied
 *
 * As for a transfer, the fence decides, and this code adopts its decision.
 */
import { allHandlersFinished, CancellationScope, condition, log } from '@temporalio/workflow';
import { endOfTransaction, type TransactionEnd } from '../../domain/transfer/transaction.ts';
import type { AbandonReason } from '../../domain/transfer/transfer.ts';
import { TRANSFER_TASK_QUEUE, type TransactionInput } from './messages.ts';
import { attentionReason, showAttention, showAttentionOver, showStatus } from '../progress.ts';
import { receiveRetries } from '../retries.ts';
import { createSteps } from '../steps.ts';

/** Ends Completed in Temporal's sense, whatever the end, unless the transaction has no row any more (MovementMissing). */
export async function transaction(input: TransactionInput): Promise<TransactionEnd> {
  const { terms, trace, walletTaskQueue } = input;
  const { transactionId } = terms;
  const steps = createSteps(input);
  const untilDeadlineMs = Math.max(input.deadlineMs - Date.now(), 0);

  let end: TransactionEnd | undefined;
  let wasStuck = false;
  const untilHurried = receiveRetries(() => wasStuck);
  let reason: AbandonReason = input.beginsCanceled ? 'canceled' : 'timed_out';
  try {
    if (!input.beginsCanceled) {
      const answer = await CancellationScope.withTimeout(untilDeadlineMs, () =>
        steps.run('transact', walletTaskQueue, { terms, trace }),
      );
      end = endOfTransaction(answer);
    }
  } catch (error) {
    reason = CancellationScope.current().consideredCancelled ? 'canceled' : 'timed_out';
    log.info('transaction given up', { transaction_id: transactionId, reason, cause: String(error) });
  } finally {
    end ??= endOfTransaction(
      await CancellationScope.nonCancellable(() =>
        steps.runUntilDone({ onStuck: showStuck, untilHurried })('cancelTransaction', walletTaskQueue, {
          terms,
          trace,
          reason,
        }),
      ),
    );
  }

  const reached: TransactionEnd = end;
  // A cancel request comes too late now; in a canceled root scope, even waiting for the handlers would throw.
  return CancellationScope.nonCancellable(async () => {
    const stored = await steps.run('recordTransactionEnd', TRANSFER_TASK_QUEUE, { transactionId, end: reached, trace });
    showStatus(stored.status);
    if (wasStuck) showAttentionOver();
    await condition(allHandlersFinished);
    return stored;
  });

  async function showStuck(step: string, error: string): Promise<void> {
    wasStuck = true;
    showAttention(step, error);
    await steps.run('recordTransactionAttention', TRANSFER_TASK_QUEUE, {
      transactionId,
      reason: attentionReason(step),
      error,
    });
  }
}
