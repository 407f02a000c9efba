/**
 * The workflow of Temporal's money-transfer template for TypeScript (temporalio/money-transfer-project-template-ts), with its
 * activity options: withdraw, deposit, and a refund if the deposit fails, each an ordinary activity. The three status writes
 * that a transfer has here are activities too. Bundled for the sandbox by template.ts.
 */
import { ApplicationFailure } from '@temporalio/common';
import { proxyActivities } from '@temporalio/workflow';
import type { Movement, Statements } from '../statements.ts';

const { accept, debit, recordDebited, credit, recordCompleted, giveBack, recordFailed } = proxyActivities<
  Omit<Statements, 'close'>
>({
  retry: {
    initialInterval: '1 second',
    maximumInterval: '1 minute',
    backoffCoefficient: 2,
    maximumAttempts: 500,
    // In the place of the template's InvalidAccountError and InsufficientFundsError; thrown by statements.ts.
    nonRetryableErrorTypes: ['LegRefused'],
  },
  startToCloseTimeout: '1 minute',
});

export async function moneyTransfer(movement: Movement): Promise<void> {
  const { terms } = movement;
  await accept(movement);
  try {
    await debit(terms);
  } catch (error) {
    await recordFailed(terms);
    throw ApplicationFailure.create({ message: `withdrawal failed: ${String(error)}` });
  }
  await recordDebited(terms);
  try {
    await credit(terms);
  } catch (error) {
    await giveBack(terms);
    await recordFailed(terms);
    throw ApplicationFailure.create({ message: `deposit failed, the money was returned: ${String(error)}` });
  }
  await recordCompleted(terms);
}
