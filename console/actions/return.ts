/** What can be done about a return. */
import type { Client, Return } from '../../client/client.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

export function seenOfReturn({ status, attention }: Return): Seen {
  return { status, attention: attention?.reason ?? 'none' };
}

export function lookAtReturn(returnId: string): (client: Client) => Promise<Seen> {
  return async (client) => seenOfReturn(await client.returns.get(returnId));
}

export function actionsOfReturn({ return_id, status, amount, currency }: Return): Action[] {
  const receive = (title: string, effect: string): Action =>
    actionOf('receiveReturn', () => ({ path: { return_id }, body: {} }), {
      title,
      effect,
      money: { amount, currency },
    });
  if (status === 'REQUESTED')
    return [
      receive(
        'Note that the goods are back',
        'All of them go on the shelf again, a credit note is written, and their price goes from the seller’s wallet back to the buyer’s. Which of them are scrapped can be said over the API.',
      ),
    ];
  if (status === 'REFUND_DUE')
    return [
      receive(
        'Try the refund again',
        'The price of the goods is asked of the seller’s wallet again, for thirty days, and goes to the buyer’s.',
      ),
    ];
  return [];
}
