// The databases of orders as they were before there were tenants are migrated with all that is in them: it is the default tenant's, what
// refers to something still does, and a program of the version before calls the operations as it did.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { migrateOrderServiceDatabase } from '../../db/migrate.ts';
import type { Database } from '../../db/database.ts';
import type { OrderService } from '../../domain/order-services.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';

const ID = '00000000-0000-8000-8000-000000000001';

interface Former {
  readonly service: OrderService;
  /** Rows of each table that gets a tenant. */
  readonly rows: string;
  readonly tables: readonly string[];
  /** A call of the version before, and its outcome. */
  readonly call?: readonly [statement: string, outcome: string];
  /** The large indexes, which may be built before: of which table, and of which columns. */
  readonly indexes?: Readonly<Record<string, readonly [table: string, columns: string]>>;
}

const FORMER: readonly Former[] = [
  {
    service: 'order',
    rows: `INSERT INTO products (sku, unit_price, currency) VALUES ('lamp', 10, 'USD');
      INSERT INTO orders (order_id, buyer_wallet_id, seller_wallet_id, currency, goods_amount, shipping_amount, allow_split, idempotency_key,
        body_hash, request_id, deadline_at, hold_seconds)
      VALUES ('${ID}', gen_random_uuid(), gen_random_uuid(), 'USD', 10, 0, false, 'key', '\\x00', 'r', now(), 60);
      INSERT INTO order_cases (order_id, reason) VALUES ('${ID}', 'payment_due');
      INSERT INTO returns (return_id, order_id, idempotency_key, body_hash, request_id, amount) VALUES ('${ID}', '${ID}', 'key', '\\x00', 'r', 10)`,
    tables: ['products', 'orders', 'order_cases', 'returns'],
  },
  {
    service: 'inventory',
    rows: `INSERT INTO stock (sku, on_hand, reserved, sequence) VALUES ('lamp', 5, 1, 2);
      INSERT INTO stock_entries (sku, sequence, type, on_hand_change, reserved_change, on_hand_after, reserved_after)
      VALUES ('lamp', 1, 'COUNT', 5, 0, 5, 0), ('lamp', 2, 'RESERVATION', 0, 1, 5, 1);
      INSERT INTO reservations (order_id, n, sku, quantity) VALUES ('${ID}', 1, 'lamp', 1)`,
    tables: ['stock', 'stock_entries', 'reservations'],
    indexes: { stock_entries_tenant_sku_sequence_pk: ['stock_entries', 'tenant, sku, sequence'] },
    call: [
      `SELECT outcome FROM reserve(gen_random_uuid(), '[{"sku": "lamp", "quantity": 4}]', false, 10, 'r', NULL)`,
      'done',
    ],
  },
  {
    service: 'delivery',
    rows: `INSERT INTO shipments (shipment_id, order_id, consignment, units, status, rank, carrier_reference)
      VALUES ('${ID}', '${ID}', 1, 1, 'IN_TRANSIT', 3, 'van 1');
      INSERT INTO carrier_events (event_id, shipment_id, status, at, has_risen) VALUES ('report', '${ID}', 'IN_TRANSIT', to_timestamp(0), true)`,
    tables: ['shipments', 'carrier_events'],
    indexes: { carrier_events_event_id_tenant_pk: ['carrier_events', 'event_id, tenant'] },
    call: [
      `SELECT outcome FROM record_carrier_event('report', '${ID}', 'IN_TRANSIT', 3, to_timestamp(0), 'r', NULL)`,
      'repeated',
    ],
  },
  {
    service: 'accounting',
    rows: `INSERT INTO accounts (account_id, seller_wallet_id, code, name, currency)
      SELECT '${ID}/' || code, '${ID}', code, code, 'USD'
      FROM unnest(ARRAY['wallet', 'receivable', 'revenue', 'shipping_revenue', 'returns', 'refunds_payable', 'bad_debt']) code;
      INSERT INTO document_numbers (seller_wallet_id, kind, last_number) VALUES ('${ID}', 'invoice', 1), ('${ID}', 'credit_note', 1);
      INSERT INTO invoices (invoice_id, seller_wallet_id, number, buyer_wallet_id, order_id, consignment, currency, shipping_amount, amount, status)
      VALUES ('${ID}', '${ID}', 1, gen_random_uuid(), '${ID}', 1, 'USD', 0, 10, 'DUE');
      INSERT INTO credit_notes (credit_note_id, seller_wallet_id, number, order_id, currency, amount) VALUES ('${ID}', '${ID}', 1, '${ID}', 'USD', 10);
      INSERT INTO journals (journal_id, seller_wallet_id, kind, order_id, consignment, number) VALUES ('${ID}', '${ID}', 'invoice', '${ID}', 1, 1);
      INSERT INTO journal_lines (journal_id, line, debit_account, credit_account, amount) VALUES ('${ID}', 1, '${ID}/receivable', '${ID}/revenue', 10)`,
    tables: ['accounts', 'document_numbers', 'invoices', 'credit_notes', 'journals'],
    indexes: {
      invoices_seller_number_tenant: ['invoices', 'seller_wallet_id, number, tenant'],
      credit_notes_seller_number_tenant: ['credit_notes', 'seller_wallet_id, number, tenant'],
    },
    call: [
      `SELECT number::text AS outcome FROM post_invoice(gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), '${ID}', gen_random_uuid(), 'USD',
        '[{"sku": "lamp", "quantity": 1, "unitPrice": "10"}]', 0, NULL, 'r', NULL)`,
      '2',
    ],
  },
];

describe('the migration of orders to tenants', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startCluster();
    // The roles belong to the cluster.
    await cluster.createOrderStores();
  });
  after(() => cluster?.stop());

  for (const { service, rows, tables, call } of FORMER)
    test(`keeps what is in the database of the service ${service}, for the default tenant`, async () => {
      const { target, admin } = await makeFormer(`former_${service}`, service, rows);
      await migrateOrderServiceDatabase(service, target);
      for (const table of tables) {
        const seen = await rowsOf<{ tenant: string }>(admin, `SELECT DISTINCT tenant FROM ${table}`);
        assert.deepEqual(seen, [{ tenant: 'default' }], table);
      }
      if (call === undefined) return;
      const [answer] = await rowsOf<{ outcome: string }>(cluster.open(target.serviceUrl), call[0]);
      assert.equal(answer!.outcome, call[1]);
    });

  for (const { service, rows, indexes } of FORMER)
    if (indexes !== undefined)
      test(`takes the large indexes of the service ${service} that were built before it`, async () => {
        const { target, admin } = await makeFormer(`prepared_${service}`, service, rows);
        for (const [name, [table, columns]] of Object.entries(indexes)) {
          await rowsOf(admin, `ALTER TABLE ${table} ADD COLUMN tenant text DEFAULT 'default' NOT NULL`);
          await rowsOf(admin, `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${table} (${columns})`);
        }
        const filesOf = () =>
          rowsOf<{ name: string; file: number }>(
            admin,
            `SELECT relname AS name, relfilenode::int AS file FROM pg_class WHERE relname IN ('${Object.keys(indexes).join("', '")}') ORDER BY 1`,
          );
        const built = await filesOf();
        assert.equal(built.length, Object.keys(indexes).length);
        await migrateOrderServiceDatabase(service, target);
        assert.deepEqual(await filesOf(), built, 'none is built again');
        const constraints = await rowsOf<{ name: string }>(
          admin,
          `SELECT conname AS name FROM pg_constraint WHERE conname IN ('${Object.keys(indexes).join("', '")}') ORDER BY 1`,
        );
        assert.deepEqual(
          constraints.map(({ name }) => name),
          built.map(({ name }) => name),
        );
      });

  /** A database of the version before, with these rows. */
  async function makeFormer(name: string, service: OrderService, rows: string) {
    const target = cluster.urls(name, service);
    const { adminUrl } = cluster.urls('postgres', service);
    await rowsOf(cluster.open(adminUrl), `CREATE DATABASE ${name} OWNER ${service}_owner`);
    const admin = cluster.open(target.adminUrl);
    await migrateAsBefore(admin, service);
    await rowsOf(admin, rows);
    return { target, admin };
  }

  /** Applies the migrations before that of tenants, as db/migrate.ts does. */
  async function migrateAsBefore(admin: Database, service: OrderService): Promise<void> {
    const folder = new URL(`../../db/${service}/migrations/`, import.meta.url);
    const journal = JSON.parse(await readFile(new URL('meta/_journal.json', folder), 'utf8')) as {
      entries: { tag: string; when: number }[];
    };
    const tenants = journal.entries.findIndex(({ tag }) => tag.endsWith('_tenants'));
    const former = journal.entries.slice(0, tenants);
    const statements = await Promise.all(former.map(({ tag }) => readFile(new URL(`${tag}.sql`, folder), 'utf8')));
    await rowsOf(
      admin,
      `ALTER SCHEMA public OWNER TO ${service}_owner;
       SET ROLE ${service}_owner;
       ${statements.join(';\n')};
       CREATE SCHEMA migrations;
       CREATE TABLE migrations.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);
       INSERT INTO migrations.__drizzle_migrations (hash, created_at) VALUES ('former', ${former.at(-1)!.when});
       RESET ROLE`,
    );
  }
});
