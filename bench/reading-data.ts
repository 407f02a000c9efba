/**
 * Databases full of movements for the reading bench and for the test of the query plans: any number of transfers with their steps,
 * a fifth as many transactions, and wallets with two ledger entries a transfer, spread over a year. Values to filter by are equally
 * frequent in each size, or occur equally often, so that a list returns as many rows. The data is the same every time.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';

function uuid(name: string): string {
  return createHash('md5')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Values in the data: of one transfer in ten, of one in two hundred (`some`), and of three in all (`rare`). */
export const DATA = {
  halfWallet: uuid('half'),
  threeWallet: uuid('three'),
  noWallet: uuid('nobody'),
  transferId: uuid('transfer-1'),
  transactionId: uuid('transaction-1'),
  recurringId: uuid('recurring'),
  references: { frequent: 'salary', some: 'rent', rare: 'a rare reference', none: 'nothing has this' },
  channel: 'c1',
  store: 's7',
  rareOrder: 'rare-order',
  amounts: {
    frequent: ['1000', '1999.99'],
    some: ['1000', '1049.99'],
    rare: ['50000', '60000'],
    none: ['70000', '80000'],
  },
  createdAfter: '2025-06-01T00:00:00Z',
  createdBefore: '2025-07-01T00:00:00Z',
} as const;

/** The condition for the rare transfers `i`. */
const isRare = (count: number): string => `i IN (${count / 4 + 1}, ${count / 2 + 1}, ${(count * 3) / 4 + 1})`;
/** A pseudo-random number from 0 to 999,999. */
const drawn = (salt: string): string => `(abs(hashtextextended('${salt}' || i, 0)) % 1000000)`;
const id = (name: string): string => `md5(${name})::uuid`;

const moved = (count: number): string => `
  amount: CASE WHEN ${isRare(count)} THEN 50000.01 ELSE 1 + ${drawn('amount')} / 100.0 END
  reference: CASE WHEN ${isRare(count)} THEN '${DATA.references.rare}' WHEN i % 10 = 1 THEN '${DATA.references.frequent}'
    WHEN i % 200 = 3 THEN '${DATA.references.some}' WHEN i % 2 = 0 THEN 'Invoice ' || i END
  metadata: CASE WHEN ${isRare(count)} THEN jsonb_build_object('order_id', '${DATA.rareOrder}')
    WHEN i % 4 <> 0 THEN jsonb_build_object('order_id', i::text, 'channel', 'c' || i % 10, 'store', 's' || i % 200) END
  currency: 'USD'
  idempotency_key: 'key-' || i
  body_hash: '\\x00'::bytea
  request_id: 'bench'
  created_at: '2025-01-01T00:00:00Z'::timestamptz + (i - 1) * interval '365 days' / ${count}
  updated_at: '2025-12-31T00:00:00Z'::timestamptz
  deadline_at: '2025-12-31T00:00:00Z'::timestamptz`;

const TRANSFERS = (count: number): string => `
  transfer_id: ${id(`'transfer-' || i`)}
  sender_wallet_id: CASE WHEN i % 2 = 0 THEN ${id(`'half'`)} ELSE ${id(`'wallet-' || ${drawn('sender')} % ${count / 100}`)} END
  receiver_wallet_id: CASE WHEN ${isRare(count)} THEN ${id(`'three'`)} ELSE ${id(`'receiver-' || ${drawn('receiver')} % ${count / 100}`)} END
  status: ${status(count, 'COMPLETED')}
  failure_reason: ${failureReason(count)}
  recurring_transfer_id: CASE WHEN i % 200 = 5 THEN '${DATA.recurringId}'::uuid END
  reverses_transfer_id: CASE WHEN ${isRare(count)} THEN '${DATA.transferId}'::uuid END
  ${moved(count)}`;

/** The recurring transfers whose runs are among the transfers. */
const RECURRING = `
  INSERT INTO recurring_transfers (recurring_transfer_id, sender_wallet_id, receiver_wallet_id, amount, currency, metadata, every_seconds,
    time_zone, idempotency_key, body_hash, request_id)
  VALUES ('${DATA.recurringId}', gen_random_uuid(), gen_random_uuid(), 1, 'USD', '{}', 3600, 'UTC', 'recurring', '\\x00', 'bench')`;

const TRANSACTIONS = (count: number): string => `
  transaction_id: ${id(`'transaction-' || i`)}
  wallet_id: CASE WHEN ${isRare(count)} THEN ${id(`'three'`)} WHEN i % 2 = 0 THEN ${id(`'half'`)} ELSE ${id(`'wallet-' || ${drawn('sender')} % ${count / 20}`)} END
  type: CASE WHEN ${isRare(count)} THEN 'DEBIT' ELSE 'CREDIT' END
  status: ${status(count, 'PROCESSED')}
  failure_reason: ${failureReason(count)}
  ${moved(count)}`;

/** One in twenty has failed, but only three in the wallet that has half of all; the newest three are pending. */
function status(count: number, success: string): string {
  return `CASE WHEN i > ${count} - 3 THEN 'PENDING' WHEN ${isFailed(count)} THEN 'FAILED' ELSE '${success}' END`;
}

function failureReason(count: number): string {
  return `CASE WHEN i <= ${count} - 3 AND ${isFailed(count)} THEN 'insufficient_funds' END`;
}

function isFailed(count: number): string {
  return `(i % 20 = 7 OR i IN (${count / 10}, ${count / 5}, ${count / 2}))`;
}

export async function fillTransferDatabase(adminUrl: string, count: number): Promise<void> {
  await filled(adminUrl, ['transfers', 'transfer_steps', 'transactions', 'movement_metadata'], async (client) => {
    await client.query(RECURRING);
    await client.query(insert('transfers', TRANSFERS(count), count));
    await client.query(insert('transactions', TRANSACTIONS(count / 5), count / 5));
    await client.query(`
      INSERT INTO transfer_steps (transfer_id, step, created_at)
      SELECT transfer_id, step, created_at FROM transfers CROSS JOIN unnest(ARRAY['PENDING', 'DEBITED', 'COMPLETED']) AS step`);
    await client.query(`
      INSERT INTO movement_metadata (movement, key, value, created_at, movement_id)
      SELECT 'transfer', key, value, created_at, transfer_id FROM transfers CROSS JOIN jsonb_each_text(metadata)
      UNION ALL
      SELECT 'transaction', key, value, created_at, transaction_id FROM transactions CROSS JOIN jsonb_each_text(metadata)`);
  });
}

/** Fills a shard; half of the entries are in one wallet. */
export async function fillWalletDatabase(adminUrl: string, transfers: number): Promise<void> {
  const wallets = transfers / 100;
  await filled(adminUrl, ['wallets', 'ledger_entries'], async (client) => {
    await client.query(`
      INSERT INTO wallets (wallet_id, user_id, currency, balance, last_sequence, limit_outgoing_24h, created_at)
      SELECT md5(CASE n WHEN 0 THEN 'half' ELSE 'wallet-' || n END)::uuid, 'user-' || n, 'USD', 0, CASE n WHEN 0 THEN ${transfers} ELSE 100 END,
        1000000, '2024-12-31T00:00:00Z'::timestamptz + n * interval '1 hour' / ${wallets}
      FROM generate_series(0, ${wallets}) AS n`);
    await client.query(`
      INSERT INTO ledger_entries (entry_id, wallet_id, transaction_id, type, amount, sequence, balance_after, created_at)
      SELECT md5('entry-' || i)::uuid, md5(CASE WHEN i < ${transfers} THEN 'half' ELSE 'wallet-' || (1 + i % ${wallets}) END)::uuid,
        md5('transaction-' || i)::uuid, CASE WHEN i % 2 = 0 THEN 'CREDIT' ELSE 'DEBIT' END, 1,
        1 + CASE WHEN i < ${transfers} THEN i ELSE (i - ${transfers}) / ${wallets} END, 1,
        '2025-01-01T00:00:00Z'::timestamptz + (i % ${transfers}) * interval '365 days' / ${transfers}
      FROM generate_series(0, ${2 * transfers} - 1) AS i`);
  });
}

/** Makes an INSERT from lines of `column: expression`; an expression may continue over several lines. */
function insert(table: string, columns: string, count: number): string {
  const entries = columns
    .trim()
    .split(/\n\s*(?=[a-z_]+: )/)
    .map((line) => line.split(/: ([^]*)/) as [string, string]);
  return `INSERT INTO ${table} (${entries.map(([name]) => name).join(', ')})
    SELECT ${entries.map(([, expression]) => expression).join(',\n')} FROM generate_series(1, ${count}) AS i`;
}

/** Fills tables without their constraints and indexes, and puts those back at the end, which is many times faster. */
async function filled(
  adminUrl: string,
  tables: readonly string[],
  fill: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`SET maintenance_work_mem = '512MB'`);
    const constraints = await client.query<{ table: string; name: string; definition: string }>(
      `SELECT conrelid::regclass AS table, conname AS name, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE contype IN ('f', 'u', 'p') AND conrelid = ANY($1::regclass[]) ORDER BY contype <> 'f'`,
      [tables],
    );
    for (const { table, name } of constraints.rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
    const indexes = await client.query<{ name: string; definition: string }>(
      'SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE tablename = ANY($1)',
      [tables],
    );
    for (const { name } of indexes.rows) await client.query(`DROP INDEX ${name}`);
    await fill(client);
    for (const { definition } of indexes.rows) await client.query(definition);
    for (const { table, name, definition } of constraints.rows.reverse())
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
    for (const table of tables) await client.query(`VACUUM ANALYZE ${table}`);
  } finally {
    await client.end();
  }
}
