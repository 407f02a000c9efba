// Each service's role may do no more than its service needs: whatever goes wrong in a service, the database refuses the rest.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { rowsOf, startCluster, type TestCluster, type TestDatabase, type TestStores } from './database.ts';

const FENCED_OPERATIONS = [
  'advance',
  'cancel',
  'cancel_credit_batch',
  'conflicting_legs',
  'credit',
  'credit_batch',
  'credit_group',
  'debit',
  'debit_batch',
  'debit_group',
  'deposit',
  'lock_for_movements',
  'open_wallet',
  'outgoing_24h',
  'outgoing_since',
  'refund',
  'refund_batch',
  'set_wallet_limits',
  'set_wallet_status',
  'withdraw',
];
const STOCK_OPERATIONS = [
  'adopt_issued',
  'change_stock',
  'count_stock',
  'issue',
  'release',
  'release_order',
  'reserve',
  'take_back',
];
const OF_THE_RELAY = ['outbox_seal_progress', 'outbox_truncation'];
/** They change nothing; an audit with the service's role calls them. */
const OF_THE_AUDIT = ['event_digest', 'unfolded_events'];

describe('the roles of the services', () => {
  let cluster: TestCluster;
  let stores: TestStores;
  let wallet: TestDatabase;

  before(async () => {
    cluster = await startCluster();
    stores = await cluster.createStores();
    wallet = stores.wallets[0]!;
  });
  after(() => cluster?.stop());

  const tablesOf = async ({ admin }: TestDatabase): Promise<string[]> => {
    const rows = await rowsOf<{ name: string }>(
      admin,
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> ALL (SELECT relname FROM pg_class WHERE relispartition) ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  };
  const isRefused = async (attempt: Promise<unknown>, what: string): Promise<void> => {
    await assert.rejects(
      attempt,
      (error: Error) => (error.cause as { code?: string } | undefined)?.code === '42501',
      `${what} is not refused`,
    );
  };

  test('the wallet service reads its tables and writes none of them', async () => {
    const tables = await tablesOf(wallet);
    assert.deepEqual(tables, [
      'installation',
      'ledger_entries',
      'operation_fences',
      'outbox_events',
      'outbox_seal_progress',
      'outbox_seals',
      'outbox_truncation',
      'shard_buckets',
      'wallets',
    ]);
    for (const table of tables) {
      if (!OF_THE_RELAY.includes(table)) await rowsOf(wallet.service, `SELECT * FROM ${table}`);
      for (const write of [`INSERT INTO ${table} DEFAULT VALUES`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
        await isRefused(rowsOf(wallet.service, write), write);
      }
      const columns = await columnsOf(wallet, table);
      for (const column of columns)
        await isRefused(rowsOf(wallet.service, `UPDATE ${table} SET ${column} = DEFAULT`), `${table}.${column}`);
    }
  });

  test('the wallet service calls the fenced operations and nothing that they are made of', async () => {
    const functions = await functionsOf(wallet, 'wallet_service');
    assert.deepEqual(
      // Some as the version before calls them, too.
      [...new Set(functions.filter(({ allowed }) => allowed).map(({ name }) => name))],
      [...FENCED_OPERATIONS, ...OF_THE_AUDIT].sort(),
    );
    assertDefiners(functions);
    assert.ok(functions.length > FENCED_OPERATIONS.length);
    await isRefused(
      rowsOf(wallet.service, `SELECT append_entry(gen_random_uuid(), gen_random_uuid(), 'CREDIT', 1)`),
      'append_entry',
    );
  });

  test('the inventory reads its tables, writes none of them, and calls the operations on stock and nothing that they are made of', async () => {
    const inventory = await cluster.createOrderStore('inventory');
    const tables = await tablesOf(inventory);
    for (const table of ['reservations', 'step_fences', 'stock', 'stock_entries']) assert.ok(tables.includes(table));
    for (const table of tables) {
      if (!OF_THE_RELAY.includes(table)) await rowsOf(inventory.service, `SELECT * FROM ${table}`);
      for (const write of [`INSERT INTO ${table} DEFAULT VALUES`, `DELETE FROM ${table}`, `TRUNCATE ${table}`])
        await isRefused(rowsOf(inventory.service, write), write);
      for (const column of await columnsOf(inventory, table))
        await isRefused(rowsOf(inventory.service, `UPDATE ${table} SET ${column} = DEFAULT`), `${table}.${column}`);
    }
    const functions = await functionsOf(inventory, 'inventory_service');
    assert.deepEqual(
      functions.filter(({ allowed }) => allowed).map(({ name }) => name),
      [...STOCK_OPERATIONS, ...OF_THE_AUDIT].sort(),
    );
    assertDefiners(functions);
    await isRefused(
      rowsOf(inventory.service, `SELECT append_stock_entry('default', 'a', 'COUNT', 1, 0, NULL, NULL)`),
      'append_stock_entry',
    );
  });

  test('the transfer service appends steps, events and the log of cases and changes none, nor what was asked for', async () => {
    const { transfer } = stores;
    const movement = [
      'status',
      'failure_reason',
      'failure_detail',
      'updated_at',
      'start_due_at',
      'attention_case_id',
      'attention_reason',
      'attention_since',
      'attention_error',
    ];
    const changeable: Record<string, readonly string[]> = {
      recurring_transfers: ['status', 'version', 'updated_at', 'settled_until', 'tend_due_at'],
      recurring_transfer_changes: [],
      recurring_transfer_skips: [],
      transfers: [...movement, 'captured_amount', 'reversed_amount', 'cancel_due_at'],
      transactions: movement,
      transfer_batches: [
        ...movement.filter((column) => !column.startsWith('failure_')),
        'completed_count',
        'failed_count',
      ],
      cases: ['reason', 'status', 'last_error', 'attempts', 'updated_at', 'resolved_at'],
      transfer_steps: [],
      approval_policies: [],
      approval_voters: [],
      voter_rolls: [],
      batch_proposals: [],
      approvals: ['start_due_at'],
      approval_votes: [],
      outbox_events: [],
      outbox_seal_progress: [],
      outbox_seals: [],
      outbox_truncation: [],
      case_actions: [],
      reconciliation_runs: [
        'status',
        'checked',
        'repaired',
        'cases_opened',
        'cases_closed',
        'found',
        'findings',
        'error',
        'patrol',
        'shard_windows',
        'finished_at',
      ],
      movement_metadata: [],
      installation: [],
      shard_watermarks: ['shard', 'movement_id', 'leg', 'decided_at', 'noted_at'],
    };
    assert.deepEqual(await tablesOf(transfer), Object.keys(changeable).sort());
    for (const [table, columns] of Object.entries(changeable)) {
      for (const write of [`DELETE FROM ${table}`, `TRUNCATE ${table}`])
        if (write !== 'DELETE FROM reconciliation_runs') await isRefused(rowsOf(transfer.service, write), write);
      for (const column of await columnsOf(transfer, table)) {
        const update = `UPDATE ${table} SET ${column} = DEFAULT`;
        if (columns.includes(column)) await rowsOf(transfer.service, update);
        else await isRefused(rowsOf(transfer.service, update), update);
      }
    }
  });

  test('the events service reads each outbox, empties it by a function alone, and sees nothing else of another service', async () => {
    for (const { relayUrl, admin } of [wallet, stores.transfer]) {
      const relay = cluster.open(relayUrl);
      const rows = await rowsOf<{ name: string; readable: boolean; writable: boolean }>(
        admin,
        `SELECT relname AS name, has_table_privilege('events_service', oid, 'SELECT') AS readable,
           has_table_privilege('events_service', oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AS writable
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
      );
      assert.deepEqual(
        rows
          .filter(({ readable }) => readable)
          .map(({ name }) => name)
          .sort(),
        ['installation', 'outbox_events', 'outbox_seals', 'outbox_truncation'],
      );
      assert.deepEqual(
        rows.filter(({ writable }) => writable),
        [],
      );
      await rowsOf(relay, 'SELECT * FROM outbox_events');
      for (const statement of ['TRUNCATE outbox_events_0', 'DELETE FROM outbox_seals'])
        await isRefused(rowsOf(relay, statement), statement);
      await rowsOf(relay, `SELECT truncate_relayed_outbox(pg_current_snapshot(), '', 1, false)`);
    }
  });

  test('the events service appends to the log by its functions alone, and changes and removes no event', async () => {
    const { events } = stores;
    for (const statement of [
      `INSERT INTO event_log SELECT * FROM event_log`,
      'UPDATE event_log SET payload = payload',
      'DELETE FROM event_log',
      'TRUNCATE event_log',
      'UPDATE log_head SET position = position',
      'UPDATE outbox_cursors SET snapshot = snapshot',
      'DELETE FROM leases',
      'DELETE FROM projections',
      'DELETE FROM dead_letters',
    ])
      await isRefused(rowsOf(events.service, statement), statement);
  });

  test('no service opens the database of another, or one that is none of theirs', async () => {
    const { username, password } = new URL(wallet.serviceUrl);
    const other = new URL(stores.transfer.serviceUrl);
    const attempts = [
      [username, password, other.pathname],
      [other.username, other.password, new URL(wallet.serviceUrl).pathname],
    ] as const;
    for (const [user, secret, database] of attempts) {
      const client = new pg.Client({
        host: other.hostname,
        port: Number(other.port),
        user,
        password: secret,
        database: database.slice(1),
      });
      await assert.rejects(client.connect(), { code: '42501' });
    }
  });

  test('no service makes anything in its database, becomes its owner, or manages roles', async () => {
    for (const [{ service }, owner] of [
      [wallet, 'wallet_owner'],
      [stores.transfer, 'transfer_owner'],
    ] as const) {
      for (const statement of [
        'CREATE TABLE own (id int)',
        'CREATE TEMP TABLE own (id int)',
        'CREATE SCHEMA own',
        `SET ROLE ${owner}`,
        'CREATE ROLE own',
        'CREATE DATABASE own',
      ]) {
        await isRefused(rowsOf(service, statement), statement);
      }
    }
  });

  test('each service ends what takes too long, in the isolation that its functions are written for', async () => {
    for (const { service } of [wallet, stores.transfer]) {
      const rows = await rowsOf<{ name: string; setting: string }>(
        service,
        `
        SELECT name, setting FROM pg_settings WHERE source = 'user' AND name <> 'application_name' ORDER BY name`,
      );
      assert.deepEqual(
        rows.map(({ name, setting }) => `${name} ${setting}`),
        [
          'default_transaction_isolation read committed',
          ...(service === stores.transfer.service ? ['enable_bitmapscan off'] : []),
          'idle_in_transaction_session_timeout 10000',
          'lock_timeout 3000',
          'statement_timeout 4000',
        ],
      );
    }
  });
});

interface DefinedFunction extends Record<string, unknown> {
  name: string;
  allowed: boolean;
  definer: boolean;
  settings: string[] | null;
}

function functionsOf({ admin }: TestDatabase, role: string): Promise<DefinedFunction[]> {
  return rowsOf(
    admin,
    `
    SELECT proname AS name, has_function_privilege('${role}', oid, 'EXECUTE') AS allowed, prosecdef AS definer, proconfig AS settings
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
  );
}

/** What a service may call runs as its owner and trusts no search path. */
function assertDefiners(functions: readonly DefinedFunction[]): void {
  for (const { name, allowed, definer, settings } of functions) {
    if (OF_THE_AUDIT.includes(name) || name === 'truncate_relayed_outbox') continue;
    assert.equal(definer, allowed, `${name} runs as its owner exactly if the service may call it`);
    if (definer) assert.ok(settings?.includes('search_path=public, pg_temp'), `${name} trusts no search path`);
  }
}

async function columnsOf({ admin }: TestDatabase, table: string): Promise<string[]> {
  const rows = await rowsOf<{ name: string }>(
    admin,
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = '${table}'`,
  );
  return rows.map(({ name }) => name);
}
