/**
 * Requests about an existing movement: captures, cancels, and requests that must be refused. Each may be repeated until it has
 * a final answer.
 */
import type { BodyOf, CallOptions, Client } from '../client/client.ts';
import { transferId } from '../domain/derived-id.ts';
import { formatUnits, parseUnits } from '../domain/money.ts';
import type { Tenant } from '../domain/tenant.ts';
import { transferAnswered } from './answers.ts';
import type { Answered } from './book.ts';
import type { Draws } from './draws.ts';
import type { Hold, Memory } from './memory.ts';

export interface Action {
  readonly kind: string;
  readonly about: string;
  /** The code with which the request must be refused; undefined if it need not be. */
  readonly mustRefuse?: string;
  readonly send: (api: Client, options: CallOptions) => Promise<Answered>;
}

/** Actions that are sent at the same time. The hold counts as decided once one of them is answered. */
export interface Actions {
  readonly actions: readonly Action[];
  readonly decides?: Hold;
}

/** Captures a hold, in whole or in part, cancels it, or all at once: exactly one of them wins. */
export function decideHold(memory: Memory, draws: Draws): Actions | undefined {
  const hold = memory.takeHold(draws);
  return hold && { actions: decisionsOf(hold, draws), decides: hold };
}

export function decisionsOf({ id, amount }: Hold, draws: Draws): Action[] {
  const part = formatUnits((parseUnits(amount) * BigInt(draws.whole(10, 90, 'part')) + 99n) / 100n);
  const capture = (body: { amount?: string }): Action => ({
    kind: body.amount === undefined ? 'capture' : 'capture in part',
    about: id,
    send: async (api, options) => transferAnswered(await api.transfers.capture(id, body, options)),
  });
  const choice = draws.number('decision');
  if (choice < 0.4) return [capture({})];
  if (choice < 0.65) return [capture({ amount: part })];
  if (choice < 0.85) return [cancelOf(id)];
  return [capture({}), cancelOf(id), capture({ amount: part })];
}

export function cancelOf(id: string): Action {
  return {
    kind: 'cancel',
    about: id,
    send: async (api, options) => transferAnswered(await api.transfers.cancel(id, options)),
  };
}

/** Cancels a transfer by the key and the body of the request that creates it, which may come before it, beside it or after it. */
export function cancelByKeyOf(idempotencyKey: string, body: BodyOf<'createTransfer'>, tenant: Tenant): Action {
  return {
    kind: 'cancel by key',
    about: transferId(idempotencyKey, tenant),
    send: async (api, options) =>
      transferAnswered(await api.transfers.cancelByKey(body, { ...options, idempotencyKey })),
  };
}

export function endOrder(id: string): Action {
  return {
    kind: 'end standing order',
    about: id,
    send: async (api, options) => {
      await api.recurringTransfers.delete(id, options);
      return { id };
    },
  };
}

export function reuseKey(memory: Memory, draws: Draws): Actions | undefined {
  const used = memory.acceptedTransfer(draws);
  if (used === undefined) return undefined;
  const { key: idempotencyKey, id, terms } = used;
  const body = {
    sender_wallet_id: terms.from!,
    receiver_wallet_id: terms.to!,
    amount: formatUnits(parseUnits(terms.amount!) + 1n),
    currency: terms.currency,
  };
  return {
    actions: [
      {
        kind: 'key with another body',
        about: id,
        mustRefuse: 'idempotency_key_reused',
        send: async (api, options) =>
          transferAnswered(await api.transfers.create(body, { ...options, idempotencyKey })),
      },
    ],
  };
}

/** Suspends a wallet for a moment: movements that are under way to it meanwhile must be given back. */
export function closeForAMoment(wallet: string): Action {
  return {
    kind: 'suspend and activate',
    about: wallet,
    send: async (api, options) => {
      await api.wallets.suspend(wallet, options);
      await api.wallets.activate(wallet, options);
      return { id: wallet };
    },
  };
}
