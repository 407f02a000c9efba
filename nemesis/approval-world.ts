/**
 * What a run with approvals has: wallets in currencies of their own, whose policies are in force before any fault strikes, and the
 * principals who ask and vote, two of them with a second key.
 */
import { createClient, type Client } from '../client/client.ts';
import type { Stack } from './stack.ts';
import { untilDone } from './pause.ts';
import { fund, userOnShard } from './world.ts';
import type { Book } from './book.ts';
import type { Draws } from './draws.ts';

type Some = readonly [string, ...string[]];

/** A policy by the amount, which is changed during the run, and one by the sum of 24 hours, which stays. */
export const CURRENCIES = ['GBP', 'CHF'] as const;
/** That whose policy changes. */
export const CHANGING = 'GBP';
/** In whole units: whatever the policy is, more than the last needs an approval, and less than the first none. */
export const ABOVE = [30, 40, 60] as const;
const ABOVE_24H = '200';
const WALLETS = 4;
const FUNDS = '50000.0000';
const TIMEOUT_MS = 10_000;
const SHARDS = 2;

export interface ApprovalWorld {
  /** By currency. */
  readonly wallets: Readonly<Record<(typeof CURRENCIES)[number], Some>>;
  /** The clients of who asks: with both keys. */
  readonly askers: readonly [Client, Client];
  /** Each with its keys. */
  readonly voters: readonly [readonly [Client, Client], readonly [Client]];
  /** Of one who got its key when there were policies, and whose votes nobody has granted. */
  readonly stranger: { readonly who: string; readonly client: Client };
}

export async function makeApprovalWorld(stack: Stack, api: Client, book: Book, draws: Draws): Promise<ApprovalWorld> {
  const run = Math.floor(draws.number('run') * 1e9).toString(36);
  const wallets = async (currency: string): Promise<Some> => {
    const ids: string[] = [];
    for (let n = 0; n < WALLETS; n += 1) {
      const user_id = userOnShard(`approved-${n}-${run}`, n % SHARDS, currency);
      const { wallet } = await api.wallets.open({ user_id, currency });
      await fund(api, book, `${run}-${currency}-${n}`, { wallet_id: wallet.wallet_id, amount: FUNDS, currency });
      ids.push(wallet.wallet_id);
    }
    return ids as unknown as Some;
  };
  const [GBP, CHF] = [await wallets('GBP'), await wallets('CHF')];
  const keyOf = async (principal_id: string): Promise<Client> => {
    const scopes = [
      'approvals:read',
      'approvals:write',
      'policies:write',
      'transfers:read',
      'transfers:write',
    ] as const;
    const { secret } = await api.apiKeys.create({ name: 'nemesis', scopes: [...scopes], principal_id });
    return createClient({ baseUrl: stack.api, apiKey: secret!, timeoutMs: TIMEOUT_MS, attemptsMax: 1 });
  };
  const principal = async (name: string): Promise<string> =>
    (await api.principals.create({ name, kind: 'human' })).principal_id;
  const [asker, first, second] = [
    await principal('nemesis-asker'),
    await principal('nemesis-first'),
    await principal('nemesis-second'),
  ];
  const those = {
    wallets: { GBP, CHF },
    askers: [await keyOf(asker), await keyOf(asker)],
    voters: [[await keyOf(first), await keyOf(first)], [await keyOf(second)]],
  } as const;
  // Who has such a key before the first policy may vote, and nobody else.
  await untilDone(() => api.approvalPolicies.set('GBP', { version: 0, above: String(ABOVE[0]) }));
  await untilDone(() => api.approvalPolicies.set('CHF', { version: 0, above_24h: ABOVE_24H }));
  const stranger = await keyOf(await principal('nemesis-stranger'));
  return { ...those, stranger: { who: 'stranger', client: stranger } };
}
