/** The calls about wallets: their balances, statements and limits. */
import type { BodyOf, Calls, QueryOf } from './call.ts';
import { CounterpoiseError } from './errors.ts';
import type { CallOptions } from './transport.ts';
import type { Wallet } from './wire.ts';

export function walletCalls({ call, each, listing }: Calls) {
  return {
    /** A second wallet for the same user and currency is refused: `wallet_exists`. `open` returns the first one. */
    create: (body: BodyOf<'createWallet'>, callOptions?: CallOptions) => call('createWallet', { body }, callOptions),
    /** The wallet of this user in this currency, opened now or before; a repeat returns the same one. */
    async open(body: BodyOf<'createWallet'>, callOptions?: CallOptions): Promise<{ wallet: Wallet; isNew: boolean }> {
      try {
        return { wallet: await call('createWallet', { body }, callOptions), isNew: true };
      } catch (error) {
        if (!(error instanceof CounterpoiseError) || error.code !== 'wallet_exists') throw error;
        const path = { wallet_id: String(error.problem?.['wallet_id']) };
        return { wallet: await call('getWallet', { path }, callOptions), isNew: false };
      }
    },
    get: (wallet_id: string, callOptions?: CallOptions) => call('getWallet', { path: { wallet_id } }, callOptions),
    ...listing('listWallets'),
    /** The amount that can be spent, now or at an instant (`at`). */
    balance: (wallet_id: string, query: QueryOf<'getWalletBalance'> = {}, callOptions?: CallOptions) =>
      call('getWalletBalance', { path: { wallet_id }, query }, callOptions),
    /** A page of its ledger entries, newest first. */
    entries: (wallet_id: string, query: QueryOf<'listWalletEntries'> = {}, callOptions?: CallOptions) =>
      call('listWalletEntries', { path: { wallet_id }, query }, callOptions),
    allEntries: (wallet_id: string, query: QueryOf<'listWalletEntries'> = {}, callOptions?: CallOptions) =>
      each('listWalletEntries', { path: { wallet_id }, query }, callOptions),
    activity: (wallet_id: string, query: QueryOf<'getWalletActivity'> = {}, callOptions?: CallOptions) =>
      call('getWalletActivity', { path: { wallet_id }, query }, callOptions),
    /** How its balance went: a series of steps, of at most `points`. */
    balanceHistory: (wallet_id: string, query: QueryOf<'getWalletBalanceHistory'> = {}, callOptions?: CallOptions) =>
      call('getWalletBalanceHistory', { path: { wallet_id }, query }, callOptions),
    suspend: (wallet_id: string, callOptions?: CallOptions) =>
      call('suspendWallet', { path: { wallet_id } }, callOptions),
    activate: (wallet_id: string, callOptions?: CallOptions) =>
      call('activateWallet', { path: { wallet_id } }, callOptions),
    limits: (wallet_id: string, callOptions?: CallOptions) =>
      call('getWalletLimits', { path: { wallet_id } }, callOptions),
    setLimits: (wallet_id: string, body: BodyOf<'setWalletLimits'>, callOptions?: CallOptions) =>
      call('setWalletLimits', { path: { wallet_id }, body }, callOptions),
  };
}
