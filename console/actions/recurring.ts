/** Pausing, resuming, triggering and deleting a recurring transfer. */
import type { Client, RecurringTransferDetails } from '../../client/client.ts';
import { inCurrency } from '../format/amount.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

/** With its newest run, so that two people do not run it twice without seeing that. */
export function seenOfRecurring({ status, amount, last_runs }: RecurringTransferDetails): Seen {
  return { status, amount, 'newest run': last_runs[0]?.transfer_id ?? 'none' };
}

export function lookAtRecurring(id: string): (client: Client) => Promise<Seen> {
  return async (client) => seenOfRecurring(await client.recurringTransfers.get(id));
}

export function actionsOfRecurring({
  recurring_transfer_id,
  status,
  amount,
  currency,
}: RecurringTransferDetails): Action[] {
  const path = { recurring_transfer_id };
  if (status === 'DELETED') return [];
  return [
    status === 'ACTIVE'
      ? actionOf('pauseRecurringTransfer', () => ({ path }), {
          title: 'Pause it',
          effect: 'No further run moves money until it is resumed. A run that is under way goes on.',
        })
      : actionOf('resumeRecurringTransfer', () => ({ path }), {
          title: 'Resume it',
          effect: `Each further run moves ${inCurrency(amount, currency)} again. Runs of the pause are not made up for.`,
        }),
    actionOf('triggerRecurringTransfer', () => ({ path }), {
      title: 'Run it now',
      effect: `A transfer of ${inCurrency(amount, currency)} begins at once, besides the runs to come.`,
      money: { amount, currency },
    }),
    actionOf('deleteRecurringTransfer', () => ({ path }), {
      title: 'Delete it',
      effect: 'No further run moves money, for ever. A run that is under way goes on.',
    }),
  ];
}
