/**
 * `npm run bench:batches`: how fast a running stack moves batches of transfers, against pgbench's TPC-B on its PostgreSQL in the
 * same run. A batch counts from the moment its request is sent until its last item has ended, as a client sees both.
 * `--items`, `--batches`, `--wallets`; `--json`: one object on the last line. Exits 1 if an item failed or the ratio is below 3.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { readSettings } from '../config.ts';
import { reasonOf } from '../dev/stack-error.ts';
import { readStackFile } from '../dev/stack-file.ts';
import type { Currency } from '../domain/currency.ts';
import { walletId } from '../domain/derived-id.ts';
import { shardOf } from '../domain/routing.ts';
import { measureTpcB } from './tpcb.ts';

const USAGE = 'Usage: npm run bench:batches -- [--items N] [--batches N] [--wallets N] [--json]';
const RATIO_WANTED = 3;
const TPCB_SECONDS = 10;
const ANSWER_LIMIT_MS = 70_000;
/** In each wallet. */
const FUNDS = '1000000.00';

const isJson = process.argv.includes('--json');
try {
  const flags = readFlags(
    { json: { type: 'boolean' }, items: { type: 'string' }, batches: { type: 'string' }, wallets: { type: 'string' } },
    USAGE,
  );
  const [items, batches, wallets] = [
    wholeNumber('--items', flags.items ?? '10000', { min: 1, max: 10_000, usage: USAGE }),
    wholeNumber('--batches', flags.batches ?? '5', { min: 1, max: 1_000, usage: USAGE }),
    wholeNumber('--wallets', flags.wallets ?? '1000', { min: 2, max: 10_000, usage: USAGE }),
  ];
  const { api, databases } = readStackFile(readSettings().DATA_DIR);
  const ids = await openWallets(databases, wallets);
  const say = (text: string): void => (isJson ? undefined : console.log(text));
  await fund(api, ids);
  await moveBatch(api, itemsAmong(ids, items)); // the first one finds caches and connections cold
  const before = await measureTpcB(databases['transfer']!, TPCB_SECONDS);
  const seconds: number[] = [];
  for (let n = 1; n <= batches; n += 1) {
    const { tookSeconds, failed } = await moveBatch(api, itemsAmong(ids, items));
    if (failed > 0) throw new Error(`${failed} items failed`);
    seconds.push(tookSeconds);
    say(`batch ${n}: ${items} transfers in ${tookSeconds.toFixed(2)} s, ${Math.round(items / tookSeconds)} a second`);
  }
  const after = await measureTpcB(databases['transfer']!, TPCB_SECONDS);

  const tpcb = (before.transactionsPerSecond + after.transactionsPerSecond) / 2;
  const median = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
  const ratio = items / median / tpcb;
  say(`\nTPC-B (${before.by}, 20 clients): ${Math.round(tpcb)} a second`);
  say(
    `Batches of ${items}: ${Math.round(items / median)} transfers a second in the median, ${ratio.toFixed(2)} times TPC-B`,
  );
  const figures = {
    items,
    seconds,
    transfers_per_second: items / median,
    tpcb_per_second: [before.transactionsPerSecond, after.transactionsPerSecond],
    tpcb_by: before.by,
    ratio,
  };
  if (isJson) console.log(JSON.stringify({ ok: ratio >= RATIO_WANTED, ...figures }));
  process.exitCode = ratio >= RATIO_WANTED ? 0 : 1;
} catch (error) {
  console.error(reasonOf(error));
  if (isJson) console.log(JSON.stringify({ ok: false, error: reasonOf(error) }));
  process.exitCode = 1;
}

/** New wallets, made in the shards' databases: it is not their making that is measured. */
async function openWallets(databases: Readonly<Record<string, string>>, count: number): Promise<string[]> {
  const run = randomUUID();
  const usd = 'USD' as Currency;
  const shardCount = Object.keys(databases).filter((name) => name.startsWith('wallet-')).length;
  const all = Array.from({ length: count }, (_, n) => ({
    user: `bench-${run}-${n}`,
    id: walletId(`bench-${run}-${n}`, usd),
  }));
  for (let shard = 0; shard < shardCount; shard += 1) {
    const own = all.filter(({ id }) => shardOf(id, shardCount) === shard);
    const client = new pg.Client({ connectionString: databases[`wallet-${shard}`]! });
    await client.connect();
    const columns = [own.map(({ id }) => id), own.map(({ user }) => user)];
    await client.query('SELECT open_wallet(id, user_id, $3) FROM unnest($1::uuid[], $2::text[]) AS w (id, user_id)', [
      ...columns,
      usd,
    ]);
    await client.end();
  }
  return all.map(({ id }) => id);
}

/** Enough in each wallet: into the first one from outside, and from there by a batch. */
async function fund(api: string, [first, ...others]: readonly string[]): Promise<void> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), prefer: 'wait=60' };
  const body = JSON.stringify({ wallet_id: first, type: 'CREDIT', amount: '1000000000000.00' });
  const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
  await fetch(`${api}/v1/transactions`, { method: 'POST', headers, body, signal });
  await moveBatch(
    api,
    others.map((receiver) => ({ sender_wallet_id: first!, receiver_wallet_id: receiver, amount: FUNDS })),
  );
}

interface Item {
  readonly sender_wallet_id: string;
  readonly receiver_wallet_id: string;
  readonly amount: string;
}

/** Each wallet sends to others in turn. */
function itemsAmong(wallets: readonly string[], count: number): Item[] {
  return Array.from({ length: count }, (_, n) => ({
    sender_wallet_id: wallets[n % wallets.length]!,
    receiver_wallet_id: wallets[(n + 1 + (Math.floor(n / wallets.length) % (wallets.length - 1))) % wallets.length]!,
    amount: '1.00',
  }));
}

async function moveBatch(api: string, items: readonly Item[]): Promise<{ tookSeconds: number; failed: number }> {
  const body = JSON.stringify({ items });
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID(), prefer: 'wait=60' };
  const startedAt = performance.now();
  const response = await fetch(`${api}/v1/transfer-batches`, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  const answer = (await response.json()) as { status: string; counts: { failed: number } };
  const tookSeconds = (performance.now() - startedAt) / 1_000;
  if (answer.status !== 'COMPLETED')
    throw new Error(`the batch was answered ${response.status}: ${JSON.stringify(answer)}`);
  return { tookSeconds, failed: answer.counts.failed };
}
