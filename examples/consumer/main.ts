/**
 * A service that keeps each wallet's balance in a database of its own, told by nothing but events. Killed at any moment and started
 * again, it ends with what the ledgers say: an event is counted in the transaction that notes it as processed.
 *
 *   npm run example:consumer, which gives it DATA_DIR
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
// In a package of your own: 'counterpoise-client' and 'counterpoise-client/consumer'.
import { createClient } from '../../client/client.ts';
import { consume, CONSUMER_TABLES, logOf, type Event } from '../../client/consumer/consumer.ts';

const DATABASE = 'example_balances';

const dataDir = process.argv[2] ?? '.data';
const stack = JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as {
  readonly api: string;
  readonly databases: { readonly events: string };
};
/** The root key of the stack; events:read is all that this needs. */
const apiKey = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();

/** A database beside the stack's, on its server. */
async function openOwnDatabase(): Promise<pg.Pool> {
  const url = new URL(stack.databases.events);
  url.pathname = '/postgres';
  const administrator = new pg.Client({ connectionString: url.href });
  await administrator.connect();
  const { rowCount } = await administrator.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount === 0) await administrator.query(`CREATE DATABASE ${DATABASE}`);
  await administrator.end();
  url.pathname = `/${DATABASE}`;
  const pool = new pg.Pool({
    connectionString: url.href,
    max: 5,
    connectionTimeoutMillis: 5_000,
    query_timeout: 15_000,
  });
  pool.on('error', (error) => console.error(error.message));
  await pool.query(`${CONSUMER_TABLES}
    CREATE TABLE IF NOT EXISTS balances (wallet_id uuid PRIMARY KEY, balance numeric NOT NULL)`);
  return pool;
}

/** What an event of a wallet does to its balance. */
const SIGNS: Readonly<Record<string, string>> = {
  'wallet.credited': '+',
  'wallet.refunded': '+',
  'wallet.advanced': '+',
  'wallet.debited': '-',
};

async function count(events: readonly Event[], connection: pg.PoolClient): Promise<void> {
  for (const { type, subject, data } of events)
    await connection.query(
      `INSERT INTO balances AS b VALUES ($1, $2) ON CONFLICT (wallet_id) DO UPDATE SET balance = b.balance + excluded.balance`,
      [subject, `${SIGNS[type]}${String(data['amount'])}`],
    );
  console.log(`counted ${events.length}, up to ${events.at(-1)!.position}`);
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const store = await openOwnDatabase();
console.log(`the balances are in ${DATABASE}`);
await consume({
  name: 'balances',
  source: logOf(createClient({ baseUrl: stack.api, apiKey }), { types: Object.keys(SIGNS) }),
  store,
  handle: count,
  signal: stopping.signal,
  // After a kill -9, the next start goes on three seconds later at most.
  leaseMs: 3_000,
});
await store.end();
