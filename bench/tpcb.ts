/**
 * The yardstick of the benches: PostgreSQL's own benchmark, a TPC-B-like transaction of five statements, on the same server in the
 * same run, in a database that is dropped afterwards. Run by pgbench if it is on PATH. The embedded PostgreSQL has none; then this
 * process sends the same statements, more slowly than pgbench would.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import pg from 'pg';

export interface TpcB {
  readonly transactionsPerSecond: number;
  readonly by: 'pgbench' | 'node';
}

const SCALE = 10;
export const TPCB_CLIENTS = 20;
const DATABASE = 'counterpoise_bench_tpcb';
const run = promisify(execFile);

/** `adminUrl` names an administrator and any database of the server. */
export async function measureTpcB(adminUrl: string, seconds: number): Promise<TpcB> {
  const url = Object.assign(new URL(adminUrl), { pathname: `/${DATABASE}` }).href;
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    return (await byPgbench(url, seconds)) ?? (await byConnections(url, seconds));
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
    await admin.end();
  }
}

async function byPgbench(url: string, seconds: number): Promise<TpcB | undefined> {
  try {
    await run('pgbench', ['--initialize', '--quiet', `--scale=${SCALE}`, url]);
    const { stdout } = await run('pgbench', [`--client=${TPCB_CLIENTS}`, '--jobs=2', `--time=${seconds}`, url]);
    return { transactionsPerSecond: Number(/^tps = ([\d.]+)/m.exec(stdout)![1]), by: 'pgbench' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function byConnections(url: string, seconds: number): Promise<TpcB> {
  const pool = new pg.Pool({ connectionString: url, max: TPCB_CLIENTS });
  try {
    await pool.query(`
      CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int) WITH (fillfactor = 100);
      CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int) WITH (fillfactor = 100);
      CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84) DEFAULT '') WITH (fillfactor = 100);
      CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
      INSERT INTO pgbench_branches SELECT n, 0 FROM generate_series(1, ${SCALE}) n;
      INSERT INTO pgbench_tellers SELECT n, (n - 1) / 10 + 1, 0 FROM generate_series(1, ${SCALE * 10}) n;
      INSERT INTO pgbench_accounts SELECT n, (n - 1) / 100000 + 1, 0 FROM generate_series(1, ${SCALE * 100_000}) n`);
    await pool.query('VACUUM ANALYZE');
    let transactions = 0;
    const startedAt = performance.now();
    const endsAt = startedAt + seconds * 1_000;
    await Promise.all(
      Array.from({ length: TPCB_CLIENTS }, async () => {
        const client = await pool.connect();
        for (; performance.now() < endsAt; transactions += 1) await transact(client);
        client.release();
      }),
    );
    return { transactionsPerSecond: transactions / ((performance.now() - startedAt) / 1_000), by: 'node' };
  } finally {
    await pool.end();
  }
}

/** pgbench's built-in script `tpcb-like`. */
async function transact(client: pg.PoolClient): Promise<void> {
  const [aid, tid, bid] = [randomInt(1, SCALE * 100_000 + 1), randomInt(1, SCALE * 10 + 1), randomInt(1, SCALE + 1)];
  const delta = randomInt(-5_000, 5_001);
  const query = (name: string, text: string, values: number[]) => client.query({ name, text, values });
  await client.query('BEGIN');
  await query('a', 'UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2', [delta, aid]);
  await query('s', 'SELECT abalance FROM pgbench_accounts WHERE aid = $1', [aid]);
  await query('t', 'UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2', [delta, tid]);
  await query('b', 'UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2', [delta, bid]);
  await query(
    'h',
    'INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)',
    [tid, bid, aid, delta],
  );
  await client.query('END');
}
