/**
 * Two wallets that belong to one fault. They are opened, funded and used through the API as by any client, with all of it in the
 * book; but nobody else uses them, so that what the fault does to them affects no movement that is under way.
 */
import type { Client } from '../client/client.ts';
import type { Book } from './book.ts';
import type { Clients } from './clients.ts';
import type { Draws } from './draws.ts';
import type { Observer } from './observer.ts';
import { transactionOf, transferOf, type Operation } from './operation.ts';
import { holdsWithin, pause } from './pause.ts';
import { isEnded, type State } from './sightings.ts';
import { userOnShard } from './world.ts';

export interface OwnWallets {
  /** In another shard than the receiver. */
  readonly sender: string;
  readonly receiver: string;
  /**
   * Makes a transfer from one to the other. Returns its id once it is COMPLETED and its entries were seen; undefined if that
   * does not happen in time.
   */
  readonly transfer: (signal: AbortSignal) => Promise<string | undefined>;
}

const CURRENCY = 'USD';
const FUNDS = '100.0000';
const AMOUNT = '10.0000';
const LIMIT_MS = 30_000;
const CALL_LIMIT_MS = 3_000;
const WAIT_SECONDS = 3;
const AGAIN_MS = 500;

export async function openOwnWallets(
  services: { readonly api: Client; readonly book: Book; readonly clients: Clients; readonly observer: Observer },
  draws: Draws,
  receiverShard: number,
  signal: AbortSignal,
): Promise<OwnWallets | undefined> {
  const { api, observer } = services;
  const name = `own-${draws.whole(0, 1e9, 'name')}`;
  const given = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const open = async (who: string, shard: number): Promise<string> => {
    const user_id = userOnShard(`${name}-${who}`, shard, CURRENCY);
    const { wallet } = await api.wallets.open({ user_id, currency: CURRENCY }, { signal: given });
    return wallet.wallet_id;
  };
  let wallets: readonly [string, string] | undefined;
  await holdsWithin(
    LIMIT_MS,
    async () => {
      wallets = [await open('sender', 1 - receiverShard), await open('receiver', receiverShard)];
      return true;
    },
    given,
  );
  if (wallets === undefined) return undefined;
  const [sender, receiver] = wallets;
  const body = { wallet_id: sender, type: 'CREDIT', amount: FUNDS, currency: CURRENCY } as const;
  const { operation } = transactionOf(`${name}-funds`, "a fault's own deposit", body);
  if ((await carryOut(services, operation, given))?.status !== 'PROCESSED') return undefined;

  let made = 0;
  return {
    sender,
    receiver,
    async transfer(abort) {
      const limit = AbortSignal.any([abort, AbortSignal.timeout(LIMIT_MS)]);
      const terms = { from: sender, to: receiver, amount: AMOUNT, currency: CURRENCY };
      const { operation: asked } = transferOf(`${name}-${made++}`, "a fault's own transfer", terms);
      if ((await carryOut(services, asked, limit))?.status !== 'COMPLETED') return undefined;
      const { id } = asked.asked;
      const isSeen = await holdsWithin(LIMIT_MS, () => observer.seeLedger([id]).then(() => true), limit);
      return isSeen ? id : undefined;
    },
  };
}

/** Sends it with the same key until it has ended. Returns its end, or undefined if the signal aborts first. */
async function carryOut(
  { book, clients }: { readonly book: Book; readonly clients: Clients },
  operation: Operation,
  signal: AbortSignal,
): Promise<State | undefined> {
  const entry = book.open(operation.asked);
  while (!signal.aborted) {
    const options = { timeoutMs: CALL_LIMIT_MS, waitSeconds: WAIT_SECONDS, isOwn: true };
    const sent = await clients.send(operation, entry, options);
    const state = book.sightings.latest(entry.id);
    if (state !== undefined && isEnded(state)) return state;
    if (sent === 'refused') return undefined;
    await pause(AGAIN_MS, signal);
  }
  return undefined;
}
