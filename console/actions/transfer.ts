/** What can be done about a transfer, by its state; the API decides, and says so, if that has changed meanwhile. */
import type { Client, Transfer } from '../../client/client.ts';
import { inCurrency } from '../format/amount.ts';
import type { Seen } from '../format/difference.ts';
import { actionOf, type Action } from './action.ts';

export function seenOfTransfer({
  status,
  failure_reason,
  attention,
  captured_amount,
  reversed_amount,
}: Transfer): Seen {
  return {
    status,
    ...(failure_reason === null ? {} : { 'failure reason': failure_reason }),
    attention: attention?.reason ?? 'none',
    ...(captured_amount === null ? {} : { captured: captured_amount }),
    'given back': reversed_amount,
  };
}

export function lookAtTransfer(transferId: string): (client: Client, signal?: AbortSignal) => Promise<Seen> {
  return async (client, signal) => seenOfTransfer(await client.transfers.get(transferId, signal ? { signal } : {}));
}

export function actionsOfTransfer(transfer: Transfer): Action[] {
  const { status, attention, capture_method, failure_reason } = transfer;
  if (attention !== null) return resolutionsOf(transfer);
  const isOpen = ['AWAITING_APPROVAL', 'SCHEDULED', 'PENDING', 'DEBITED'].includes(status);
  const isHold = status === 'DEBITED' && capture_method === 'manual' && failure_reason === null;
  return [
    ...(isHold ? [captureOf(transfer)] : []),
    ...(isOpen ? [cancelOf(transfer)] : []),
    ...(status === 'COMPLETED' ? reversalOf(transfer) : []),
  ];
}

/** Where the compensation cannot finish by itself. */
export function resolutionsOf(transfer: Transfer): Action[] {
  const { transfer_id, amount, currency } = transfer;
  const money = { amount, currency };
  const look = lookAtTransfer(transfer_id);
  const resolve = (
    action: 'retry' | 'refund' | 'write_off',
    told: { title: string; effect: string; money?: typeof money },
  ): Action =>
    actionOf('resolveTransfer', ({ comment }) => ({ path: { transfer_id }, body: { action, comment } }), {
      ...told,
      isComment: true,
      look,
    });
  return [
    resolve('retry', {
      title: 'Try again now',
      effect: 'What failed is tried again at once. No money moves that would not have moved anyhow.',
    }),
    resolve('refund', {
      title: 'Refund the sender',
      effect: `The sender gets ${inCurrency(amount, currency)} back now. Where the receiver's database has not said yet whether the money arrived there, the outside world advances it, and pays for it if it had arrived.`,
      money,
    }),
    resolve('write_off', {
      title: 'Write it off',
      effect: `The sender does not get the ${inCurrency(amount, currency)} back: it goes to the outside world. Refused until it is certain that the receiver does not have it.`,
      money,
    }),
  ];
}

function cancelOf({ transfer_id, status, amount, currency }: Transfer): Action {
  const effect =
    status === 'DEBITED'
      ? `The sender gets ${inCurrency(amount, currency)} back. If the receiver has it already, the transfer completes instead.`
      : status === 'AWAITING_APPROVAL'
        ? 'Nothing moves, and nobody is asked to approve it any more.'
        : 'Nothing moves. If the money has arrived meanwhile, the transfer completes instead.';
  return actionOf('cancelTransfer', () => ({ path: { transfer_id }, body: {} }), {
    title: 'Cancel the transfer',
    effect,
    look: lookAtTransfer(transfer_id),
  });
}

function captureOf({ transfer_id, amount, currency }: Transfer): Action {
  return actionOf('captureTransfer', () => ({ path: { transfer_id }, body: {} }), {
    title: 'Capture all of it',
    effect: `The receiver gets the ${inCurrency(amount, currency)} that the hold has taken from the sender.`,
    money: { amount, currency },
    look: lookAtTransfer(transfer_id),
  });
}

function reversalOf({ transfer_id, amount: asked, captured_amount, currency, reversed_amount }: Transfer): Action[] {
  // Of a hold that was captured in part, the rest never left the sender.
  const amount = captured_amount ?? asked;
  if (!/^0\.0+$/.test(reversed_amount)) return [];
  return [
    actionOf('reverseTransfer', () => ({ path: { transfer_id }, body: {} }), {
      title: 'Give it back',
      effect: `A new transfer moves ${inCurrency(amount, currency)} from the receiver to the sender, if the receiver has as much.`,
      money: { amount, currency },
      look: lookAtTransfer(transfer_id),
    }),
  ];
}
