/**
 * The wallets between which a bench moves money. They are opened directly in the shards' databases, because their creation is not
 * measured, and funded as by a client, so that the audit holds afterwards.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Currency } from '../domain/currency.ts';
import { walletId } from '../domain/derived-id.ts';
import type { WalletId } from '../domain/ids.ts';
import { shardOf } from '../domain/routing.ts';
import type { Pair } from './subject.ts';
import { authorization } from './authorization.ts';

const USD = 'USD' as Currency;
const ALL_MONEY = '1000000000000.00';
/** The funds of each wallet. */
const FUNDS = '1000000.00';
const ANSWER_LIMIT_MS = 70_000;
/** The most requests for one batch, each waiting for a minute. */
const ASKED_MAX = 5;
/** The most items of one batch. */
const ITEMS_MAX = 10_000;

export interface Item {
  readonly sender_wallet_id: string;
  readonly receiver_wallet_id: string;
  readonly amount: string;
}

/** Opens new wallets, by the administrators' URLs of the databases. */
export async function openWallets(databases: Readonly<Record<string, string>>, count: number): Promise<WalletId[]> {
  const run = randomUUID();
  const shardCount = Object.keys(databases).filter((name) => name.startsWith('wallet-')).length;
  const all = Array.from({ length: count }, (_, n) => ({
    user: `bench-${run}-${n}`,
    id: walletId(`bench-${run}-${n}`, USD),
  }));
  for (let shard = 0; shard < shardCount; shard += 1) {
    const own = all.filter(({ id }) => shardOf(id, shardCount) === shard);
    const client = new pg.Client({ connectionString: databases[`wallet-${shard}`]! });
    await client.connect();
    try {
      await client.query('SELECT open_wallet(id, user_id, $3) FROM unnest($1::uuid[], $2::text[]) AS w (id, user_id)', [
        own.map(({ id }) => id),
        own.map(({ user }) => user),
        USD,
      ]);
    } finally {
      await client.end();
    }
  }
  return all.map(({ id }) => id);
}

/** Funds each wallet: the first one from outside, the others from it by batches. */
export async function fundWallets(api: string, [first, ...others]: readonly WalletId[]): Promise<void> {
  const body = { wallet_id: first, type: 'CREDIT', amount: ALL_MONEY };
  const { status } = await post<{ status: string }>(`${api}/v1/transactions`, body);
  if (status !== 'PROCESSED') throw new Error(`the wallets' money is ${status}`);
  for (let from = 0; from < others.length; from += ITEMS_MAX)
    await moveBatch(
      api,
      others
        .slice(from, from + ITEMS_MAX)
        .map((receiver) => ({ sender_wallet_id: first!, receiver_wallet_id: receiver, amount: FUNDS })),
    );
}

/** Makes a batch, and returns how long the client had to wait for its end. Throws unless every item is COMPLETED. */
export async function moveBatch(api: string, items: readonly Item[]): Promise<{ tookSeconds: number }> {
  const startedAt = performance.now();
  const answer = await post<{ status: string; counts: { failed: number } }>(`${api}/v1/transfer-batches`, { items });
  if (answer.status !== 'COMPLETED' || answer.counts.failed > 0)
    throw new Error(`a batch was answered ${JSON.stringify(answer)}`);
  return { tookSeconds: (performance.now() - startedAt) / 1_000 };
}

/** The items of a batch in which each wallet sends to others in turn. */
export function itemsAmong(wallets: readonly string[], count: number): Item[] {
  return Array.from({ length: count }, (_, n) => ({
    sender_wallet_id: wallets[n % wallets.length]!,
    receiver_wallet_id: wallets[(n + 1 + (Math.floor(n / wallets.length) % (wallets.length - 1))) % wallets.length]!,
    amount: '1.00',
  }));
}

/**
 * Returns endless pairs of wallets. Sender and receiver are half the wallets apart: fewer transfers at once than that have no
 * wallet in common, and the money that a wallet sends comes back.
 */
export function pairsAmong(wallets: readonly WalletId[]): () => Pair {
  let n = 0;
  return () => {
    const [sender, receiver] = [n % wallets.length, (n + Math.floor(wallets.length / 2)) % wallets.length];
    n += 1;
    return { sender: wallets[sender]!, receiver: wallets[receiver]! };
  };
}

/** Returns endless pairs from the first wallet to the others in turn. */
export function pairsFromOne([hot, ...others]: readonly WalletId[]): () => Pair {
  let n = 0;
  return () => {
    n += 1;
    return { sender: hot!, receiver: others[n % others.length]! };
  };
}

/** Posts under one key, and repeats until the movement has ended. */
async function post<Answer>(url: string, body: object): Promise<Answer> {
  const headers = {
    ...authorization(),
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
    prefer: 'wait=60',
  };
  for (let asked = 1; ; asked += 1) {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
    if (response.status === 202 && asked < ASKED_MAX) {
      await response.body?.cancel();
      continue;
    }
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  }
}
