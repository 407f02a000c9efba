/**
 * `npm run bench:bytes`: how many bytes each table grows by for what clients ask for, with its indexes. Makes the same thing many
 * times in a server of its own, by the services' own functions, and weighs the tables before and after. An index by random ids
 * weighs up to a third more or less, depending on how full its pages happen to be.
 */
import { randomUUID } from 'node:crypto';
import { closeDisagreement, openDisagreement } from '../db/transfer/case-queries.ts';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { acceptTransfer } from '../db/transfer/acceptance.ts';
import { readBatchLegs } from '../db/transfer/batch-legs.ts';
import { acceptBatch } from '../db/transfer/batch-acceptance.ts';
import { recordBatchEnds } from '../db/transfer/batch-queries.ts';
import { recordTransferStatus } from '../db/transfer/queries.ts';
import { changeRecurringStatus, createRecurringTransfer } from '../db/transfer/recurring-queries.ts';
import { beginRun, finishRun } from '../db/transfer/run-queries.ts';
import { acceptTransaction, recordTransactionEnd } from '../db/transfer/transaction-queries.ts';
import { creditBatch, debitBatch } from '../db/wallet/batch-queries.ts';
import { cancelCredit, credit, debit, refund, transact } from '../db/wallet/queries.ts';
import {
  batchId,
  batchTransferId,
  recurringTransferId,
  transactionId,
  transferId,
  walletId,
} from '../domain/derived-id.ts';
import type { RunId, WalletId } from '../domain/ids.ts';
import { bucketRange } from '../domain/routing.ts';
import { batchBodyHash, transactionBodyHash, transferBodyHash } from '../domain/transfer/movement-body.ts';
import { EMPTY_TALLY } from '../domain/transfer/reconciliation.ts';
import { recurringBodyHash } from '../domain/transfer/recurring-body.ts';
import { copyOutboxes } from '../test/database/copy-outbox.ts';
import {
  rowsOf,
  startCluster,
  type TestCluster,
  type TestDatabase,
  type TestStores,
} from '../test/database/database.ts';
import { userOnShard, USD, walletsOver, type Wallets } from '../test/database/wallets.ts';

const USAGE = 'Usage: npm run bench:bytes -- [--count N]';
const BATCH_ITEMS = 1_000;
const AT_ONCE = 8;
const WALLETS = 1_000;
const DEADLINE_SECONDS = 600;

interface Place {
  readonly stores: TestStores;
  readonly wallets: Wallets;
  /** In turn of both shards; the even ones have money. */
  readonly ids: readonly WalletId[];
}

type Kind = (place: Place, count: number) => Promise<void>;

/** As ids and keys of clients are. */
const trace = () => ({ requestId: randomUUID() });

const KINDS: Readonly<Record<string, Kind>> = {
  transfer: singly((place, n) => transfer(place, n, {})),
  'transfer with a reference and a pair of metadata': singly((place, n) =>
    transfer(place, n, { reference: `Invoice ${n}`, metadata: { order_id: `order-${n}` } }),
  ),
  'refused transfer': singly(refusedTransfer),
  'transfer in a batch': async (place, count) => {
    for (let made = 0; made < count; made += BATCH_ITEMS) await batch(place, made);
  },
  transaction: singly(deposit),
  'pause or resumption of a recurring transfer': async ({ stores: { transfer: database } }, count) => {
    const terms = {
      ...{ senderWalletId: walletId('a', USD), receiverWalletId: walletId('b', USD), amount: '1.0000', currency: USD },
      ...{
        reference: null,
        metadata: {},
        everySeconds: 60,
        calendar: null,
        timeZone: 'UTC',
        startsAt: null,
        endsAt: null,
      },
    };
    const id = recurringTransferId('bytes');
    const named = { idempotencyKey: 'bytes', bodyHash: recurringBodyHash(terms) };
    await createRecurringTransfer(database.service, id, terms, named, trace());
    for (let n = 0; n < count; n += 1)
      await changeRecurringStatus(database.service, id, n % 2 === 0 ? 'PAUSED' : 'ACTIVE', trace());
  },
  'case that opens and closes': singly(async ({ stores: { transfer: database } }) => {
    const subject = `transfer/${randomUUID()}`;
    const detail = 'it is COMPLETED, but the shard of its receiver has no entry of it';
    await openDisagreement(database.service, { subject, reason: 'entries_disagree', detail }, 0);
    await closeDisagreement(database.service, subject);
  }),
  'run of the reconciliation': singly(async ({ stores: { transfer: database } }) => {
    const runId = randomUUID() as RunId;
    await beginRun(database.service, {
      runId,
      workflowId: `reconciliation/scheduled-2026-01-01T00:00:00Z`,
      trigger: 'schedule',
    });
    const patrol = {
      'ended/transfer': { atMs: 1_700_000_000_000, key: runId },
      'ended/transaction': { atMs: 1_700_000_000_000, key: runId },
    };
    await finishRun(database.service, runId, { status: 'CLEAN', tally: { ...EMPTY_TALLY, checked: 12_345 }, patrol });
  }),
  wallet: singly(async ({ wallets }) => void (await wallets.open(`user-${randomUUID()}`))),
};

/** Makes the thing `count` times, some at once. */
function singly(make: (place: Place, n: number) => Promise<void>): Kind {
  return async (place, count) => {
    let next = 0;
    const line = async (): Promise<void> => {
      for (let n = next++; n < count; n = next++) await make(place, n);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
  };
}

const pairAt = ({ ids }: Place, n: number) => ({
  senderWalletId: ids[(2 * n) % WALLETS]!,
  receiverWalletId: ids[(2 * n + 1) % WALLETS]!,
});

async function accepted(
  place: Place,
  n: number,
  {
    amount = '1.0000',
    reference,
    metadata,
  }: { amount?: string; reference?: string; metadata?: Record<string, string> },
) {
  const idempotencyKey = randomUUID();
  const t = { transferId: transferId(idempotencyKey), ...pairAt(place, n), amount, currency: USD };
  const bodyHash = transferBodyHash({ ...t, reference, metadata });
  const asked = { reference, metadata, idempotencyKey, bodyHash, deadlineSeconds: DEADLINE_SECONDS };
  const traced = trace();
  await acceptTransfer(place.stores.transfer.service, t, asked, traced);
  return {
    t,
    traced,
    sender: place.wallets.shardOf(t.senderWalletId),
    receiver: place.wallets.shardOf(t.receiverWalletId),
  };
}

/** In the course of a transfer that meets no obstacle. */
async function transfer(
  place: Place,
  n: number,
  notes: { reference?: string; metadata?: Record<string, string> },
): Promise<void> {
  const { t, traced, sender, receiver } = await accepted(place, n, notes);
  await debit(sender, t, traced, { total: t.amount });
  await credit(receiver, t, traced, t.amount);
  const debitedAt = new Date();
  await recordTransferStatus(place.stores.transfer.service, t.transferId, { status: 'COMPLETED' }, traced, {
    debitedAt,
  });
}

async function refusedTransfer(place: Place, n: number): Promise<void> {
  const { t, traced, sender, receiver } = await accepted(place, n, { amount: '1000000000.0000' });
  await debit(sender, t, traced, { total: t.amount });
  await cancelCredit(receiver, t, 'debit_refused', t.amount);
  await refund(sender, t, '0', 'debit_refused', traced, { total: t.amount });
  const end = { status: 'FAILED', failureReason: 'insufficient_funds' } as const;
  await recordTransferStatus(place.stores.transfer.service, t.transferId, end, traced);
}

async function batch(place: Place, first: number): Promise<void> {
  const { transfer: database, wallets } = place.stores;
  const idempotencyKey = randomUUID();
  const id = batchId(idempotencyKey);
  const items = Array.from({ length: BATCH_ITEMS }, (_, n) => {
    const terms = { ...pairAt(place, first + n), amount: '1.0000', currency: USD, reference: undefined };
    return { ...terms, transferId: batchTransferId(id, n), bodyHash: transferBodyHash(terms) };
  });
  const bodyHash = batchBodyHash(items.map((item) => item.bodyHash));
  const traced = trace();
  const asked = { batchId: id, items, idempotencyKey, bodyHash, deadlineSeconds: DEADLINE_SECONDS };
  await acceptBatch(database.service, asked, traced);
  const places = `0-${BATCH_ITEMS - 1}`;
  for (const [side, move] of [
    ['sender', debitBatch],
    ['receiver', creditBatch],
  ] as const)
    for (const [shard, { service }] of wallets.entries()) {
      const { first: firstBucket, last: lastBucket } = bucketRange(shard, wallets.length);
      const legs = await readBatchLegs(database.service, { batchId: id, side, places, firstBucket, lastBucket });
      if (legs.indexes.length > 0) await move(service, legs, traced);
    }
  await recordBatchEnds(database.service, { batchId: id, places, ends: [] }, traced);
}

async function deposit(place: Place, n: number): Promise<void> {
  const idempotencyKey = randomUUID();
  const t = {
    transactionId: transactionId(idempotencyKey),
    walletId: place.ids[n % WALLETS]!,
    amount: '1.0000',
    currency: USD,
  };
  const notes = { reference: undefined, metadata: undefined };
  const bodyHash = transactionBodyHash({ ...t, ...notes, type: 'CREDIT' });
  const asked = { ...notes, idempotencyKey, bodyHash, deadlineSeconds: DEADLINE_SECONDS };
  const traced = trace();
  const { service } = place.stores.transfer;
  await acceptTransaction(service, { ...t, type: 'CREDIT' }, asked, traced);
  await transact(place.wallets.shardOf(t.walletId), { ...t, type: 'CREDIT' }, traced);
  await recordTransactionEnd(service, t.transactionId, { status: 'PROCESSED' }, traced);
}

async function placeIn(cluster: TestCluster): Promise<Place> {
  const stores = await cluster.createStores({ shards: 2, connectionsMax: AT_ONCE });
  const wallets = walletsOver(stores.wallets.map(({ service }) => service));
  const ids: WalletId[] = [];
  for (let n = 0; n < WALLETS; n += 1)
    ids.push(await wallets.open(userOnShard(Math.floor(n / 2 + n) % 2, 2), n % 2 === 0 ? '1000000.0000' : undefined));
  return { stores, wallets, ids };
}

interface Weight {
  readonly rows: number;
  readonly bytes: number;
  readonly indexBytes: number;
}

/** The weights of the tables of all databases, of partitions and shards together. */
async function weigh({ wallets, transfer: database, events }: TestStores): Promise<Map<string, Weight>> {
  const weights = new Map<string, Weight>();
  for (const { admin } of [...wallets, database, events] satisfies TestDatabase[]) {
    await rowsOf(admin, 'VACUUM');
    await rowsOf(admin, 'ANALYZE');
    const rows = await rowsOf<{ name: string; rows: string; bytes: string; index_bytes: string }>(
      admin,
      `SELECT coalesce(parent.relname, c.relname) AS name, sum(greatest(c.reltuples, 0)) AS rows,
         sum(pg_total_relation_size(c.oid)) AS bytes, sum(pg_indexes_size(c.oid)) AS index_bytes
       FROM pg_class c LEFT JOIN pg_inherits ON inhrelid = c.oid LEFT JOIN pg_class parent ON parent.oid = inhparent
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1`,
    );
    for (const { name, ...row } of rows) {
      const { rows: more, bytes, indexBytes } = weights.get(name) ?? { rows: 0, bytes: 0, indexBytes: 0 };
      weights.set(name, {
        rows: more + Number(row.rows),
        bytes: bytes + Number(row.bytes),
        indexBytes: indexBytes + Number(row.index_bytes),
      });
    }
  }
  return weights;
}

async function bench(count: number): Promise<void> {
  const cluster = await startCluster(['autovacuum=off']);
  try {
    console.log('| each | table | rows | bytes | of them indexes |\n|---|---|---|---|---|');
    for (const [name, make] of Object.entries(KINDS)) {
      const place = await placeIn(cluster);
      await copyOutboxes(cluster, place.stores);
      const before = await weigh(place.stores);
      await make(place, count);
      await copyOutboxes(cluster, place.stores);
      const after = await weigh(place.stores);
      for (const [table, { rows, bytes, indexBytes }] of [...after].sort(([a], [b]) => a.localeCompare(b))) {
        const were = before.get(table)!;
        if (rows === were.rows) continue;
        const each = (now: number, then: number): number => (now - then) / count;
        console.log(
          `| ${name} | ${table} | ${each(rows, were.rows).toPrecision(2)} | ${each(bytes, were.bytes).toFixed(0)} | ${each(indexBytes, were.indexBytes).toFixed(0)} |`,
        );
      }
    }
  } finally {
    await cluster.stop();
  }
}

try {
  const { count = '10000' } = readFlags({ count: { type: 'string' } }, USAGE);
  await bench(wholeNumber('--count', count, { min: BATCH_ITEMS, max: 1_000_000, usage: USAGE }));
} catch (error) {
  console.error(isExplained(error) ? error.message : error);
  process.exitCode = exitCodeFor(error);
}
