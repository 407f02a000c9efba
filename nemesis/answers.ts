/** Translates answers of the API into the book's types: the movement, its terms and its state. Pure. */
import { CounterpoiseError, type Transaction, type Transfer } from '../client/client.ts';
import type { Answered, Move, Terms } from './book.ts';
import type { State } from './sightings.ts';

export function stateOfTransfer(transfer: Pick<Transfer, 'status' | 'failure_reason' | 'captured_amount'>): State {
  const { status, failure_reason: failureReason, captured_amount: captured } = transfer;
  return { status, failureReason, captured };
}

export function transferAnswered(transfer: Transfer): Answered {
  const { transfer_id: id, sender_wallet_id: from, receiver_wallet_id: to, amount, currency } = transfer;
  return { id, terms: { from, to, amount, currency }, state: stateOfTransfer(transfer) };
}

export function transactionAnswered(transaction: Transaction): Answered {
  const { transaction_id: id, wallet_id, type, amount, currency, status, failure_reason: failureReason } = transaction;
  return {
    id,
    terms: { ...sides(wallet_id, type), amount, currency },
    state: { status, failureReason, captured: null },
  };
}

/** The sender and the receiver of a one-sided transaction; the outside world is undefined. */
export function sides(walletId: string, type: string): Pick<Terms, 'from' | 'to'> {
  return type === 'CREDIT' ? { from: undefined, to: walletId } : { from: walletId, to: undefined };
}

/** The amount by which a movement in its final state has changed each wallet, in ten-thousandths. */
export function effectOf(move: Move, state: State, units: (amount: string) => bigint): Map<string, bigint> {
  const effect = new Map<string, bigint>();
  const moved = state.status === 'COMPLETED' ? state.captured : state.status === 'PROCESSED' ? move.amount : undefined;
  if (moved === undefined || moved === null) return effect;
  if (move.from !== undefined) effect.set(move.from, -units(moved));
  if (move.to !== undefined) effect.set(move.to, units(moved));
  return effect;
}

/**
 * Classifies a failed request. `refused`: refused for good. `later`: refused for now, and certainly nothing was stored.
 * `unknown`: the request may have been taken.
 */
export function judge(error: unknown): { readonly says: 'refused' | 'later' | 'unknown'; readonly code: string } {
  if (!(error instanceof CounterpoiseError)) return { says: 'unknown', code: 'given_up' };
  const { status, code } = error;
  if (code === 'overloaded') return { says: 'later', code };
  if (status !== undefined && status >= 400 && status < 500 && ![408, 429].includes(status))
    return { says: 'refused', code };
  return { says: 'unknown', code };
}
