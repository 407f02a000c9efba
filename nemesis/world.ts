/**
 * The wallets between which clients move money, on both shards. They are made and funded before any fault strikes; their funds are
 * movements in the book like any others.
 */
import type { Client } from '../client/client.ts';
import { forEach } from '../process/for-each.ts';
import type { Currency } from '../domain/currency.ts';
import { walletId } from '../domain/derived-id.ts';
import { shardOf } from '../domain/routing.ts';
import { DEFAULT_TENANT, ofTenant, type OfTenant, type Tenant } from '../domain/tenant.ts';
import type { Book } from './book.ts';
import type { Draws } from './draws.ts';
import { transactionOf } from './operation.ts';
import { makeShop, type Shop } from './shop.ts';

type Some = readonly [string, ...string[]];

export interface World extends OfTenant {
  /** The few wallets that half of all movements use. */
  readonly hot: Some;
  readonly cold: Some;
  /** Is suspended and activated while it is used. */
  readonly shaky: string;
  readonly suspended: string;
  /** Has no money. */
  readonly poor: string;
  /** May send almost nothing. */
  readonly limited: string;
  readonly euro: string;
  /** The id of a wallet that does not exist. */
  readonly unknown: string;
  /** Of a run with orders. */
  readonly shop?: Shop;
}

export interface WorldOptions extends OfTenant {
  readonly hasOrders?: boolean;
  readonly size?: 'ordinary' | 'small';
}

const SHARDS = 2;
/** How many wallets there are, of an ordinary world and of a small one. */
const SIZES = { ordinary: { hot: 4, cold: 40 }, small: { hot: 2, cold: 8 } } as const;
const SELLERS = 2;
const FUNDS = { hot: '20000.0000', cold: '300.0000' };
const LIMIT = '0.0001';
const AT_ONCE = 6;
const WAIT_SECONDS = 30;
const ATTEMPTS_MAX = 5;

/**
 * The users are the same in each tenant, so their wallets in another one than the default lie in whichever shard their ids are dealt to, and
 * so are the keys of the requests.
 */
export async function makeWorld(
  api: Client,
  book: Book,
  draws: Draws,
  { hasOrders = false, size = 'ordinary', tenant = DEFAULT_TENANT }: WorldOptions,
): Promise<World> {
  const run = Math.floor(draws.number('run') * 1e9).toString(36);
  const open = async (name: string, shard: number, currency = 'USD'): Promise<string> => {
    const { wallet } = await api.wallets.open({ user_id: userOnShard(`${name}-${run}`, shard, currency), currency });
    return wallet.wallet_id;
  };
  const some = async (name: string, howMany: number): Promise<Some> => {
    const ids: string[] = Array(howMany);
    await forEach(ids.keys(), AT_ONCE, async (n) => {
      ids[n] = await open(`${name}-${n}`, n % SHARDS);
    });
    return ids as unknown as Some;
  };
  const [hot, cold] = [await some('hot', SIZES[size].hot), await some('cold', SIZES[size].cold)];
  const [shaky, suspended, poor, limited, euro] = [
    await open('shaky', 1),
    await open('suspended', 0),
    await open('poor', 1),
    await open('limited', 0),
    await open('euro', 1, 'EUR'),
  ];
  const sellers = hasOrders ? await some('seller', SELLERS) : undefined;
  const funded = [
    ...[...hot, ...(sellers ?? [])].map((id) => [id, FUNDS.hot] as const),
    ...[...cold, shaky, limited].map((id) => [id, FUNDS.cold] as const),
  ];
  await forEach(funded.entries(), AT_ONCE, ([n, [wallet_id, amount]]) =>
    fund(api, book, `${run}-${n}`, { wallet_id, amount, currency: 'USD' }, tenant),
  );
  await api.wallets.suspend(suspended);
  await api.wallets.setLimits(limited, { max_amount: LIMIT });
  const unknown = walletId(`nobody-${run}`, 'USD' as Currency, tenant);
  const world = { ...ofTenant(tenant), hot, cold, shaky, suspended, poor, limited, euro, unknown };
  return sellers === undefined ? world : { ...world, shop: await makeShop(api, book, run, sellers, tenant) };
}

/** Puts money into a wallet before any fault strikes. */
export async function fund(
  api: Client,
  book: Book,
  name: string,
  terms: { readonly wallet_id: string; readonly amount: string; readonly currency: string },
  tenant: Tenant = DEFAULT_TENANT,
): Promise<void> {
  // On a slow machine, some of them may be given up before the stack is warm.
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const key = `funds-${name}-${attempt}`;
    const { operation } = transactionOf(key, 'deposit', { type: 'CREDIT', ...terms }, tenant);
    const askedAtMs = performance.now();
    const answer = await operation.send(api, { idempotencyKey: key, waitSeconds: WAIT_SECONDS });
    book.accepted(book.open(operation.asked), answer, askedAtMs);
    if (answer.state?.status === 'PROCESSED') return;
  }
  throw new Error(`wallet ${terms.wallet_id} was not funded in ${ATTEMPTS_MAX} attempts`);
}

/** Returns a user whose wallet is in this shard, in the default tenant: a wallet's id is derived from its user. */
export function userOnShard(name: string, shard: number, currency: string): string {
  for (let suffix = 0; ; suffix += 1) {
    const userId = `${name}-${suffix}`;
    if (shardOf(walletId(userId, currency as Currency), SHARDS) === shard) return userId;
  }
}
