/** What can be decided about a case that the reconciliation has found, or of a batch or transaction whose compensation keeps failing. */
import type { Case, Client, OrderCaseWithHistory } from '../../client/client.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

export function seenOfCase({ status, reason }: Case): Seen {
  return { status, reason };
}

export function lookAtCase(caseId: string): (client: Client, signal?: AbortSignal) => Promise<Seen> {
  return async (client, signal) => seenOfCase(await client.cases.get(caseId, signal ? { signal } : {}));
}

export function actionsOfCase({ case_id }: Case): Action[] {
  const resolve = (action: 'retry' | 'refund' | 'close', title: string, effect: string): Action =>
    actionOf('resolveCase', ({ comment }) => ({ path: { case_id }, body: { action, comment } }), {
      title,
      effect,
      isComment: true,
    });
  return [
    resolve(
      'retry',
      'Try the repair again',
      'What failed is tried again. Money moves only as it should have moved before.',
    ),
    resolve(
      'refund',
      'Refund the sender',
      'What was debited and has not arrived goes back to the sender, as the fences of the movement say. Refused where the case is about nothing that can be refunded.',
    ),
    resolve(
      'close',
      'Close the case',
      'No money moves. If the books still disagree, the next reconciliation opens a case again.',
    ),
  ];
}

export function actionsOfOrderCase({ order_id }: OrderCaseWithHistory): Action[] {
  const resolve = (action: 'retry' | 'collect_again' | 'write_off', title: string, effect: string): Action =>
    actionOf('resolveOrder', ({ comment }) => ({ path: { order_id }, body: { action, comment } }), {
      title,
      effect,
      isComment: true,
    });
  return [
    resolve(
      'retry',
      'Try again now',
      'The step that keeps failing is tried again at once. It takes effect once, however often it is tried.',
    ),
    resolve(
      'collect_again',
      'Collect again',
      'The money that is due for goods that have left is asked of the buyer’s wallet again.',
    ),
    resolve(
      'write_off',
      'Write it off',
      'The seller gets nothing for the goods that have left, and the invoice is written off.',
    ),
  ];
}
