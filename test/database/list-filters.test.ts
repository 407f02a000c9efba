// Lists by any combination of filters: page by page they return exactly what a plain query returns, in its order, whichever
// indexes they use and wherever they stop; and PostgreSQL keeps the index of metadata up to date.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DATA, fillTransferDatabase } from '../../bench/reading-data.ts';
import type { Database } from '../../db/database.ts';
import {
  listTransactions,
  listTransfers,
  type TransactionFilter,
  type TransferFilter,
} from '../../db/transfer/list-queries.ts';
import type { Position } from '../../db/transfer/list-walk.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { acceptTransaction } from '../../db/transfer/transaction-queries.ts';
import { bodyHash, walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { rowsOf, startCluster, type TestCluster } from './database.ts';
import { fresh, trace, transaction, transfer, USD } from './wallets.ts';

const COUNT = 30_000;
const PAGES_MAX = 20;

type Filter = Omit<TransferFilter & TransactionFilter, 'limit' | 'after' | 'status'> & {
  readonly status?: TransferFilter['status'] | TransactionFilter['status'];
};

const half = DATA.halfWallet as WalletId;
const of = (min: string, max?: string) => ({ amountMin: min, amountMax: max });

const FILTERS: readonly Filter[] = [
  {},
  { status: 'FAILED' },
  { status: 'PENDING' },
  { walletId: half },
  { walletId: DATA.threeWallet as WalletId },
  { walletId: half, status: 'FAILED' },
  { walletId: half, status: 'PENDING', ...of('1') },
  { reference: DATA.references.frequent },
  { reference: DATA.references.rare, walletId: half },
  { metadata: { key: 'channel', value: DATA.channel } },
  { metadata: { key: 'order_id', value: DATA.rareOrder } },
  { metadata: { key: 'channel', value: 'nothing' } },
  { metadata: { key: 'store', value: DATA.store }, ...of('5000') },
  { ...of('1000', '1999.99') },
  { ...of('1000', '1010') },
  { amountMax: '1.5' },
  { ...of('50000'), walletId: DATA.threeWallet as WalletId },
  { ...of('2000', '1000') },
  { createdAfter: new Date(DATA.createdAfter), createdBefore: new Date(DATA.createdBefore) },
  { createdBefore: new Date(DATA.createdBefore), status: 'FAILED', ...of('100', '900') },
  { createdAfter: new Date(DATA.createdAfter), metadata: { key: 'channel', value: 'c3' }, ...of('9000') },
  { createdAfter: new Date('1000-01-01T00:00:00Z'), createdBefore: new Date('9999-01-01T00:00:00Z'), ...of('9990') },
  { walletId: half, metadata: { key: 'channel', value: 'c1' } },
];

describe('lists of movements', () => {
  let cluster: TestCluster;
  let service: Database;
  let admin: Database;
  let oldest: string;

  before(async () => {
    cluster = await startCluster();
    const stores = await cluster.createStores({ shards: 1 });
    ({ service, admin } = stores.transfer);
    await fillTransferDatabase(stores.transfer.adminUrl, COUNT);
    // Half of all transfers are on the other side, and of those in the wallet of the other half only the oldest.
    const rows = await rowsOf<{ id: string }>(
      admin,
      `WITH other AS (
         UPDATE transfers SET metadata = coalesce(metadata, '{}') || '{"side": "other"}'
         WHERE sender_wallet_id <> '${half}' OR created_at = (SELECT min(created_at) FROM transfers WHERE sender_wallet_id = '${half}')
         RETURNING transfer_id, created_at, sender_wallet_id
       ), indexed AS (
         INSERT INTO movement_metadata SELECT 'transfer', 'side', 'other', created_at, transfer_id FROM other
       )
       SELECT transfer_id AS id FROM other WHERE sender_wallet_id = '${half}'`,
    );
    oldest = rows[0]!.id;
  });
  after(() => cluster?.stop());

  const paged = async (
    limit: number,
    list: (page: {
      limit: number;
      after: Position | undefined;
    }) => Promise<{ ids: Position[]; stoppedAt: Position | undefined }>,
  ): Promise<{ ids: string[]; isWhole: boolean; gaveUp: number }> => {
    const found: string[] = [];
    let gaveUp = 0;
    let after: Position | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { ids, stoppedAt } = await list({ limit, after });
      assert.ok(ids.length <= limit);
      found.push(...ids.map(({ id }) => id));
      if (stoppedAt !== undefined) gaveUp += 1;
      after = ids.length === limit ? ids.at(-1) : stoppedAt;
      if (after === undefined) return { ids: found, isWhole: true, gaveUp };
    }
    return { ids: found, isWhole: false, gaveUp };
  };
  const expected = async (table: 'transfers' | 'transactions', filter: Filter): Promise<string[]> => {
    const id = table === 'transfers' ? 'transfer_id' : 'transaction_id';
    const wallets = table === 'transfers' ? ['sender_wallet_id', 'receiver_wallet_id'] : ['wallet_id'];
    const conditions = [
      filter.status && `status = '${filter.status}'`,
      filter.walletId && `'${filter.walletId}' IN (${wallets.join()})`,
      filter.reference && `reference = '${filter.reference}'`,
      filter.metadata && `metadata ->> '${filter.metadata.key}' = '${filter.metadata.value}'`,
      filter.amountMin && `amount >= ${filter.amountMin}`,
      filter.amountMax && `amount <= ${filter.amountMax}`,
      filter.createdAfter && `created_at >= '${filter.createdAfter.toISOString()}'`,
      filter.createdBefore && `created_at < '${filter.createdBefore.toISOString()}'`,
    ].filter((each) => each !== undefined);
    const rows = await rowsOf<{ id: string }>(
      admin,
      `SELECT ${id} AS id FROM ${table} WHERE ${['true', ...conditions].join(' AND ')} ORDER BY created_at DESC, ${id} DESC`,
    );
    return rows.map((row) => row.id);
  };

  for (const filter of FILTERS) {
    test(`by ${JSON.stringify(filter)} have what passes and nothing else, newest first`, async () => {
      for (const limit of [7, 201]) {
        const transfers = await paged(limit, async (page) => {
          const listing = await listTransfers(service, { ...filter, ...page } as TransferFilter);
          return {
            ids: listing.rows.map((row) => ({ createdAt: row.createdAt, id: row.transferId })),
            stoppedAt: listing.stoppedAt,
          };
        });
        const all = await expected('transfers', filter);
        assert.deepEqual(transfers.ids, transfers.isWhole ? all : all.slice(0, transfers.ids.length));
        const transactions = await paged(limit, async (page) => {
          const listing = await listTransactions(service, { ...filter, ...page } as TransactionFilter);
          return {
            ids: listing.rows.map((row) => ({ createdAt: row.createdAt, id: row.transactionId })),
            stoppedAt: listing.stoppedAt,
          };
        });
        const allOfThese = await expected('transactions', filter);
        assert.deepEqual(
          transactions.ids,
          transactions.isWhole ? allOfThese : allOfThese.slice(0, transactions.ids.length),
        );
      }
    });
  }

  test('filters that are each common and never true together are given up on after so many rows, and gone on with', async () => {
    const filter = { walletId: half, metadata: { key: 'side', value: 'other' } } as const;
    for (const limit of [1, 5]) {
      const first = await listTransfers(service, { ...filter, limit });
      assert.deepEqual(first.rows, []);
      assert.notEqual(first.stoppedAt, undefined, 'there may be more');
      const pages = await paged(limit, async (page) => {
        const { rows, stoppedAt } = await listTransfers(service, { ...filter, ...page });
        return { ids: rows.map((row) => ({ createdAt: row.createdAt, id: row.transferId })), stoppedAt };
      });
      assert.deepEqual(pages, { ids: [oldest], isWhole: true, gaveUp: 1 }, 'the one that there is, is found');
    }
  });

  test('a movement is found by each of its pairs as soon as it is accepted, and by no other value of them', async () => {
    const metadata = { order_id: `42 "'\\ ü`, constructor: '[object Object]', '': 'x', 'a[b]': 'ÿ'.repeat(500) };
    const acceptance = {
      reference: undefined,
      metadata,
      idempotencyKey: fresh('key'),
      bodyHash: bodyHash('body'),
      deadlineSeconds: 600,
    };
    const t = transfer(walletId(fresh('sender'), USD), walletId(fresh('receiver'), USD), '1');
    const one = transaction('CREDIT', walletId(fresh('wallet'), USD), '1');
    await acceptTransfer(service, t, acceptance, trace);
    await acceptTransaction(service, one, acceptance, trace);
    for (const [key, value] of Object.entries(metadata)) {
      const transfers = await listTransfers(service, { metadata: { key, value }, limit: 5 });
      assert.deepEqual(
        transfers.rows.map((row) => row.transferId),
        [t.transferId],
      );
      const transactions = await listTransactions(service, { metadata: { key, value }, limit: 5 });
      assert.deepEqual(
        transactions.rows.map((row) => row.transactionId),
        [one.transactionId],
      );
      const others = await listTransfers(service, { metadata: { key, value: `${value} ` }, limit: 5 });
      assert.deepEqual(others.rows, []);
    }
  });
});
