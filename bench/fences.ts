/**
 * `npm run bench:fences`: what a fence costs when its table is much larger than the server's memory: with its random key, in hash
 * partitions, and with keys in the order of time. Counts what PostgreSQL reads and logs for each insert right after a checkpoint,
 * which other load on the machine does not change; times are the medians of rounds in turns, and it does.
 */
import pg from 'pg';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { startCluster } from '../test/database/database.ts';

const USAGE = 'Usage: npm run bench:fences -- [--rows N]';
const SHARED_BUFFERS = '32MB';
const ROUNDS = 9;
/** So few that most of them are the first in their page of the index since the checkpoint, as they are among a billion. */
const INSERTED = 5_000;
const FOUND = 5_000;
const BATCH_ITEMS = 1_000;

interface Variant {
  readonly name: string;
  readonly table: string;
  readonly partitions: number;
  /** The key of the fence number `i`. */
  readonly key: string;
  readonly walCompression?: 'pglz' | 'lz4';
}

const RANDOM = { table: 'random_keys', partitions: 1, key: 'gen_random_uuid()' };
/** The items of a batch share all but the end of their ids. */
const OF_BATCH = `overlay(md5(run || '/' || i / ${BATCH_ITEMS}) placing lpad(to_hex(i % ${BATCH_ITEMS}), 4, '0') from 29)::uuid`;
const VARIANTS: readonly Variant[] = [
  { name: 'random, as they are', ...RANDOM },
  { name: 'random, 16 partitions', ...RANDOM, table: 'in_16', partitions: 16 },
  { name: 'random, 64 partitions', ...RANDOM, table: 'in_64', partitions: 64 },
  { name: 'in the order of time', table: 'ordered_keys', partitions: 1, key: 'uuidv7()' },
  { name: `items of batches of ${BATCH_ITEMS}`, ...RANDOM, key: OF_BATCH },
  { name: 'random, wal_compression = pglz', ...RANDOM, walCompression: 'pglz' },
];

interface Round {
  readonly insertMicros: number;
  readonly blocksRead: number;
  readonly logBytes: number;
  readonly findMicros: number;
}

async function makeTable(client: pg.Client, { table, partitions, key }: Variant, rows: number): Promise<void> {
  await client.query(
    `CREATE TABLE ${table} (LIKE operation_fences INCLUDING DEFAULTS INCLUDING CONSTRAINTS) ${partitions > 1 ? 'PARTITION BY HASH (transaction_id)' : ''}`,
  );
  for (let n = 0; partitions > 1 && n < partitions; n += 1)
    await client.query(
      `CREATE TABLE ${table}_${n} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${n})`,
    );
  await client.query(insertion(table, `SELECT ${key} FROM generate_series(1, ${rows}) AS i`));
  await client.query(`ALTER TABLE ${table} ADD PRIMARY KEY (transaction_id, leg)`);
  await client.query(`CREATE INDEX ON ${table} (created_at)`);
  await client.query(`VACUUM (ANALYZE, FREEZE) ${table}`);
}

/** The statement of claim_leg, for the keys that `keys` selects. */
function insertion(table: string, keys: string): string {
  return `INSERT INTO ${table} (transaction_id, leg, outcome, wallet_id, currency, amount, counterparty_wallet_id)
    SELECT key, 'debit', 'applied', gen_random_uuid(), 'USD', 1, gen_random_uuid() FROM (${keys}) AS k (key) ON CONFLICT DO NOTHING`;
}

async function measure(client: pg.Client, { table, key, walCompression }: Variant, run: number): Promise<Round> {
  await client.query(`SET wal_compression = ${walCompression ?? 'off'}`);
  await client.query('CHECKPOINT');
  const before = await counters(client);
  const insertMicros = await timed(
    client,
    `DO $$ DECLARE run int := ${run}; BEGIN FOR i IN 0..${INSERTED - 1} LOOP ${insertion(table, `SELECT ${key}`)}; END LOOP; END $$`,
  );
  const after = await counters(client);
  const keys = `SELECT transaction_id FROM ${table} TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT ${FOUND}`;
  await client.query(`CREATE TEMP TABLE sought AS ${keys}`);
  const findMicros = await timed(
    client,
    `DO $$ DECLARE key uuid; BEGIN FOR key IN SELECT transaction_id FROM sought LOOP
      PERFORM FROM ${table} WHERE transaction_id = key AND leg = 'debit'; END LOOP; END $$`,
  );
  await client.query('DROP TABLE sought');
  return {
    insertMicros: insertMicros / INSERTED,
    blocksRead: (after.blocksRead - before.blocksRead) / INSERTED,
    logBytes: (after.logBytes - before.logBytes) / INSERTED,
    findMicros: findMicros / FOUND,
  };
}

async function counters(client: pg.Client): Promise<{ blocksRead: number; logBytes: number }> {
  await client.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await client.query<{ read: string; log: string }>(
    `SELECT blks_read AS read, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS log
     FROM pg_stat_database WHERE datname = current_database()`,
  );
  return { blocksRead: Number(rows[0]!.read), logBytes: Number(rows[0]!.log) };
}

async function timed(client: pg.Client, statement: string): Promise<number> {
  const startedAt = performance.now();
  await client.query(statement);
  return (performance.now() - startedAt) * 1_000;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

async function bench(rows: number): Promise<void> {
  const cluster = await startCluster([`shared_buffers=${SHARED_BUFFERS}`, 'autovacuum=off', 'max_wal_size=8GB']);
  try {
    const stores = await cluster.createStores({ shards: 1 });
    const client = new pg.Client({ connectionString: stores.wallets[0]!.adminUrl });
    await client.connect();
    try {
      for (const variant of VARIANTS.filter(({ table }, n, all) => all.findIndex((v) => v.table === table) === n)) {
        await makeTable(client, variant, rows);
        console.error(`filled ${variant.table} with ${rows} fences`);
      }
      const rounds = VARIANTS.map((): Round[] => []);
      for (let round = 0; round < ROUNDS; round += 1)
        for (const [n, variant] of VARIANTS.entries()) rounds[n]!.push(await measure(client, variant, round));
      console.log('| keys | µs an insert | blocks read | bytes of log | µs to find one |\n|---|---|---|---|---|');
      for (const [n, { name }] of VARIANTS.entries()) {
        const of = (figure: keyof Round): number => median(rounds[n]!.map((each) => each[figure]));
        console.log(
          `| ${name} | ${of('insertMicros').toFixed(0)} | ${of('blocksRead').toFixed(2)} | ${of('logBytes').toFixed(0)} | ${of('findMicros').toFixed(0)} |`,
        );
      }
    } finally {
      await client.end();
    }
  } finally {
    await cluster.stop();
  }
}

try {
  const { rows = '3000000' } = readFlags({ rows: { type: 'string' } }, USAGE);
  await bench(wholeNumber('--rows', rows, { min: 100_000, max: 100_000_000, usage: USAGE }));
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  process.exitCode = exitCodeFor(error);
}
