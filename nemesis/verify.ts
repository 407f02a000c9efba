/**
 * The check after a drain: the audit of I1 to I8 and O1 to O8 over everything, and a comparison of every movement and order in the API,
 * in the databases and in the book.
 */
import { audit, type AuditReport } from '../audit/audit.ts';
import { lookUpWorkflows } from '../audit/workflows.ts';
import { tenantOf } from '../domain/tenant.ts';
import { transactionAnswered, transferAnswered } from './answers.ts';
import type { Book } from './book.ts';
import { compare, type Stored, type StoredMovement } from './compare.ts';
import { changesOf, LEDGER_CHANGES, TRANSACTION_STATE, TRANSFER_STATE, type LedgerChange } from './observer.ts';
import { isEnded, type State } from './sightings.ts';
import type { Orders } from './orders.ts';
import { orderDatabases, PLACES, type Stack } from './stack.ts';
import type { Side, Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';

const PAGE = 200;

export async function verify(
  stack: Stack,
  tenants: Tenants,
  book: Book,
  orders: Orders | undefined,
  violations: Violations,
): Promise<AuditReport> {
  for (const side of tenants.all) await readThroughApi(side, book);
  await readRows(stack, book);
  for (const entry of book.entries())
    for (const { id } of entry.moves) {
      const state = book.sightings.latest(id);
      if (state !== undefined && !isEnded(state)) violations.report('comparison', id, `it is still ${state.status}`);
    }
  const stored = await readStored(stack, (await orders?.compare()) ?? []);
  compare(book, stored, (subject, detail) => violations.report('comparison', subject, detail));
  const changes = Map.groupBy(stored.ledger, ({ movement }) => movement);
  for (const { moves } of book.entries())
    for (const { id } of moves)
      if (book.isLedgerSeen(id)) book.seeLedger('comparison', id, changesOf(changes.get(id) ?? []));

  const { 'wallet-0': wallet0, 'wallet-1': wallet1, transfer, events } = stack.databases;
  const databases = { wallets: [wallet0, wallet1], transfer, events, orders: orderDatabases(stack) };
  const report = await audit(databases, lookUpWorkflows(stack.temporal));
  for (const { invariant, subject, detail } of report.violations)
    violations.report('audit', /[0-9a-f-]{36}/.exec(subject)?.[0], `${invariant}: ${subject}: ${detail}`);
  return report;
}

/** Reads every movement of a tenant through the API. The runs of standing orders become known by this. */
async function readThroughApi({ tenant, patientApi: api }: Side, book: Book): Promise<void> {
  for (const entry of book.entries()) {
    if (tenantOf(entry) !== tenant || entry.names !== 'recurring' || entry.told === 'nothing') continue;
    const isThere = await api.recurringTransfers.get(entry.id).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    const runs = api.each('listRecurringTransferRuns', {
      path: { recurring_transfer_id: entry.id },
      query: { limit: PAGE },
    });
    for await (const { transfer_id: id } of runs) book.addRun(entry, { id, movement: 'transfer', ...entry.order! });
  }
  let askedAtMs = performance.now();
  for await (const transfer of api.transfers.listAll({ limit: PAGE })) {
    const { id, state } = transferAnswered(transfer);
    book.see('comparison', id, state!, askedAtMs);
  }
  askedAtMs = performance.now();
  for await (const transaction of api.transactions.listAll({ limit: PAGE })) {
    const { id, state } = transactionAnswered(transaction);
    book.see('comparison', id, state!, askedAtMs);
  }
}

async function readRows(stack: Stack, book: Book): Promise<void> {
  for (const statement of [
    `SELECT ${TRANSFER_STATE} FROM transfers`,
    `SELECT ${TRANSACTION_STATE} FROM transactions`,
  ]) {
    const askedAtMs = performance.now();
    for (const { id, ...state } of await stack.rows<{ id: string } & State>('transfer', statement))
      book.see('comparison', id, state, askedAtMs);
  }
}

/** `ofOrders` are the ids of the orders, returns and changes of stock that are stored. */
async function readStored(stack: Stack, ofOrders: readonly string[]): Promise<Stored> {
  const movements = await stack.rows<StoredMovement>(
    'transfer',
    `
    SELECT transfer_id AS id, sender_wallet_id AS "from", receiver_wallet_id AS "to", amount, currency, idempotency_key AS key FROM transfers
    UNION ALL
    SELECT transaction_id, CASE type WHEN 'DEBIT' THEN wallet_id END, CASE type WHEN 'CREDIT' THEN wallet_id END, amount, currency, idempotency_key
    FROM transactions`,
  );
  const others = await stack.rows<{ id: string; status: string }>(
    'transfer',
    'SELECT batch_id AS id, status FROM transfer_batches UNION ALL SELECT recurring_transfer_id, status FROM recurring_transfers',
  );
  const shards = PLACES.filter((place) => place !== 'transfer');
  const ledger = await Promise.all(
    shards.map((place) => stack.rows<LedgerChange>(place, `${LEDGER_CHANGES} GROUP BY 1, 2`)),
  );
  const wallets = await Promise.all(
    shards.map((place) =>
      stack.rows<Stored['wallets'][number]>(
        place,
        `SELECT wallet_id AS wallet, balance, held FROM wallets WHERE kind = 'user'`,
      ),
    ),
  );
  return {
    movements: movements.map(({ from, to, ...rest }) => ({ ...rest, from: from ?? undefined, to: to ?? undefined })),
    others: new Set([...others.map(({ id }) => id), ...ofOrders]),
    unbegun: new Set(others.filter(({ status }) => status === 'CANCELED').map(({ id }) => id)),
    ledger: ledger.flat(),
    wallets: wallets.flat(),
  };
}
