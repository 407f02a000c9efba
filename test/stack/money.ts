// The money of a test's stack: wallets on the shard that a test needs, an administrator's connection to every database, row locks
// that block an operation before it commits, and the audit after a drain.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Connection, type Client } from '@temporalio/client';
import pg from 'pg';
import { audit, type AuditReport } from '../../audit/audit.ts';
import { describeAudit } from '../../audit/report.ts';
import { lookUpWorkflows } from '../../audit/workflows.ts';
import { openDatabase, type Database } from '../../db/database.ts';
import { temporalSettings } from '../../dev/stack-file.ts';
import { readSettings } from '../../process/config.ts';
import { createClient } from '../../temporal/connection.ts';
import { ORDER_SERVICES, type OrderService } from '../../domain/order-services.ts';
import { walletId } from '../../domain/derived-id.ts';
import { shardOf } from '../../domain/routing.ts';
import type { Currency } from '../../domain/currency.ts';
import { apiClient, type ApiClient } from './api-client.ts';
import { until, type TestStack } from './stack.ts';

export type Place = 'wallet-0' | 'wallet-1' | 'transfer' | 'events';

export interface Money {
  readonly api: ApiClient;
  readonly temporal: Client;
  /** As an administrator. */
  readonly databases: Readonly<Record<Place, Database>>;
  /** Opens a funded wallet for a new user on this shard, and returns its id. */
  readonly wallet: (shard: 0 | 1, amount?: string) => Promise<string>;
  readonly rows: <Row extends pg.QueryResultRow>(
    place: Place,
    statement: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
  /** Locks a wallet's row: every operation of it waits until the server's lock_timeout or the release. */
  readonly lockWallet: (walletId: string) => Promise<() => Promise<void>>;
  /** The types of a movement's ledger entries over all shards, in alphabetical order. */
  readonly entriesOf: (movementId: string) => Promise<string[]>;
  /**
   * Waits until every movement has ended, then audits all databases and Temporal: I1 to I8, and O1 to O8, hold. Without the event log
   * where a test has set rows back by hand: their events are in the log all the same, and are written again. Returns the audit's report.
   */
  readonly assertSound: (options?: { readonly withLog?: boolean }) => Promise<AuditReport>;
  readonly close: () => Promise<void>;
}

const SHARDS = 2;
const PLACES: readonly Place[] = ['wallet-0', 'wallet-1', 'transfer', 'events'];
/** Much longer than a drain takes that only waits for a time-out of 10 s and a backoff of 10 s. */
const DRAIN_LIMIT_MS = 120_000;

export async function openMoney(stack: TestStack): Promise<Money> {
  const api = apiClient(
    () => stack.api,
    () => stack.authorization,
  );
  const { databases, temporal } = stack.file();
  const open = (url: string): Database =>
    openDatabase(url, { applicationName: 'counterpoise-test', connectionsMax: 4, queryTimeoutMs: 30_000 });
  const opened = Object.fromEntries(
    // A stack of a version before has no event log.
    PLACES.filter((place) => databases[place] !== undefined).map((place) => [place, open(databases[place]!)]),
  ) as Record<Place, Database>;
  let orders: Record<OrderService, Database> | undefined;
  const connection = Connection.lazy({ address: temporal.address });
  const client = createClient(connection, readSettings(temporalSettings(temporal)));

  const money: Money = {
    api,
    temporal: client,
    databases: opened,
    async wallet(shard, amount) {
      let user: string;
      do user = `user-${randomUUID()}`;
      while (shardOf(walletId(user, 'USD' as Currency), SHARDS) !== shard);
      const { body } = await api.post<{ wallet_id: string }>('/v1/wallets', { user_id: user });
      assert.equal(typeof body.wallet_id, 'string', JSON.stringify(body));
      if (amount !== undefined) {
        const funding = { wallet_id: body.wallet_id, type: 'CREDIT', amount };
        const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=60' };
        const funded = await api.post('/v1/transactions', funding, headers);
        assert.equal(funded.body['status'], 'PROCESSED', JSON.stringify(funded.body));
      }
      return body.wallet_id;
    },
    rows: async <Row extends pg.QueryResultRow>(place: Place, statement: string, values: readonly unknown[] = []) =>
      (await opened[place].$client.query<Row>(statement, [...values])).rows,
    async lockWallet(id) {
      const holder = new pg.Client({ connectionString: databases[shardPlace(id)]! });
      holder.on('error', () => {}); // its server may be killed, and the lock is gone with it
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query('SELECT 1 FROM wallets WHERE wallet_id = $1 FOR UPDATE', [id]);
      return () => holder.end();
    },
    async entriesOf(id) {
      const shards = await Promise.all(
        (['wallet-0', 'wallet-1'] as const).map((place) =>
          money.rows<{ type: string }>(place, 'SELECT type FROM ledger_entries WHERE transaction_id = $1', [id]),
        ),
      );
      return shards
        .flat()
        .map(({ type }) => type)
        .sort();
    },
    async assertSound({ withLog = true } = {}) {
      const underWay = async (): Promise<string[]> => {
        const rows = await money.rows<{ id: string }>(
          'transfer',
          `
          SELECT 'transfer ' || transfer_id || ' ' || status AS id FROM transfers WHERE status NOT IN ('COMPLETED', 'FAILED', 'CANCELED')
          UNION ALL SELECT 'transaction ' || transaction_id || ' ' || status FROM transactions WHERE status = 'PENDING'`,
        );
        return rows.map(({ id }) => id);
      };
      let left: string[] = [];
      await until(DRAIN_LIMIT_MS, 'not every movement has ended', async () => {
        left = await underWay();
        return left.length === 0;
      }).catch(async (error: unknown) => {
        throw new Error(`${left.length} movements have not ended: ${left.slice(0, 5).join(', ')}`, { cause: error });
      });
      const urls = stack.file().databases;
      const eventsUrl = urls['events'];
      if (eventsUrl !== undefined) opened.events ??= open(eventsUrl);
      if (ORDER_SERVICES.every((service) => service in urls))
        orders ??= Object.fromEntries(ORDER_SERVICES.map((service) => [service, open(urls[service]!)])) as Record<
          OrderService,
          Database
        >;
      const report = await audit(
        {
          wallets: [opened['wallet-0'], opened['wallet-1']],
          transfer: opened.transfer,
          events: withLog ? opened.events : undefined,
          orders,
        },
        lookUpWorkflows(client),
      );
      assert.ok(report.ok, describeAudit(report));
      assert.ok(report.checked.transfers > 0, 'the audit saw transfers');
      return report;
    },
    async close() {
      await connection.close();
      const all = [...Object.values(opened), ...Object.values(orders ?? {})];
      await Promise.all(all.map((database) => database.$client.end()));
    },
  };
  return money;
}

export function shardPlace(id: string): 'wallet-0' | 'wallet-1' {
  return `wallet-${shardOf(id as never, SHARDS) as 0 | 1}`;
}
