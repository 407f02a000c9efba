/**
 * I2 and I4, movement by movement: each row of the transfer database is compared with what the wallet shards did.
 *
 * The transfer database's snapshot is the oldest. A movement that it shows as ended was settled in the shards before that, for
 * ever, and is in their snapshots; of a movement that it shows as under way, any part may be there. Movements that it does not
 * show at all, but of which a shard has fences, are looked for in the transfer database as it is now: a movement is stored before
 * anything moves.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import {
  batchTransferId,
  formerBatchTransferId,
  recurringRunId,
  reversalId,
  transactionId,
  transferId,
} from '../domain/derived-id.ts';
import type { BatchId, RecurringTransferId } from '../domain/ids.ts';
import { reversalBodyHash, transactionBodyHash, transferBodyHash } from '../domain/transfer/movement-body.ts';
import type { Tenant } from '../domain/tenant.ts';
import { transactionProblems, transferProblems, type Entry, type Fence } from '../domain/transfer/settlement.ts';
import type { TransactionTerms } from '../domain/transfer/transaction.ts';
import type { FailureDetail, TransferTerms } from '../domain/transfer/transfer.ts';
import { checkBatches } from './batches.ts';
import type { Findings } from './findings.ts';
import { pagesOf, rowsOf, uuids, type Reader } from './reader.ts';

interface MovementRow {
  tenant: Tenant;
  status: string;
  failure_reason: string | null;
  failure_detail: FailureDetail | null;
  amount: string;
  currency: TransferTerms['currency'];
  reference: string | null;
  metadata: Record<string, string> | null;
  idempotency_key: string;
  /** Hex. */
  body_hash: string;
}

interface TransferRow extends MovementRow {
  id: TransferTerms['transferId'];
  sender: TransferTerms['senderWalletId'];
  receiver: TransferTerms['receiverWalletId'];
  /** The recurring transfer of which it is a run; its key is then the run's name. */
  recurring: RecurringTransferId | null;
  capture_method: string;
  /** The captured amount of a hold, once it is decided. */
  captured: string | null;
  expires_in: number | null;
  scheduled: string | null;
  reverses: TransferTerms['transferId'] | null;
  /** The reversed amount in its row, and the sum of its reversals that have not failed or been canceled. */
  reversed: string;
  reversals: string;
  /** Set for an item of a batch. */
  batch_id: BatchId | null;
  batch_index: number | null;
  /** Each with its reason, in the order in which they were reached. */
  steps: string[];
  /** The actions in the log of its case, in any order. */
  caseLog: string[];
}

interface TransactionRow extends MovementRow {
  id: TransactionTerms['transactionId'];
  wallet: TransactionTerms['walletId'];
  type: TransactionTerms['type'];
}

export async function checkMovements(transfer: Reader, shards: readonly Reader[], findings: Findings): Promise<void> {
  for await (const page of pagesOf(transfer, transfersAfter, ({ id }: TransferRow) => id)) {
    findings.count('transfers', page.length);
    const moved = await movedBy(page, shards);
    for (const row of page) {
      const subject = `transfer ${row.id}`;
      for (const problem of transferProblems(row, moved(row.id))) findings.report('I2', subject, problem);
      reportForeign(row, subject, moved(row.id).entries, findings);
      if (row.id !== idOf(row))
        findings.report('I4', subject, `its id does not follow from its key ${JSON.stringify(row.idempotency_key)}`);
      if (!bodyHashesOf(row).includes(row.body_hash))
        findings.report('I4', subject, 'its body is not the one that was acknowledged');
    }
  }
  await checkBatches(transfer, findings);
  for await (const page of pagesOf(transfer, transactionsAfter, ({ id }: TransactionRow) => id)) {
    findings.count('transactions', page.length);
    const moved = await movedBy(page, shards);
    for (const row of page) {
      const subject = `transaction ${row.id}`;
      for (const problem of transactionProblems(row, moved(row.id))) findings.report('I2', subject, problem);
      reportForeign(row, subject, moved(row.id).entries, findings);
      if (row.id !== transactionId(row.idempotency_key, row.tenant))
        findings.report('I4', subject, `its id does not follow from its key ${JSON.stringify(row.idempotency_key)}`);
      if (row.body_hash !== transactionBodyHash({ ...row, walletId: row.wallet }))
        findings.report('I4', subject, 'its body is not the one that was acknowledged');
    }
  }
}

/** The id that follows from its key; undefined if it is a batch's item and its key does not name its place there. */
function idOf(row: TransferRow): string | undefined {
  const { tenant, batch_id: batch, batch_index: index, recurring, reverses, idempotency_key: key } = row;
  if (batch !== null && index !== null) {
    if (key !== `${batch}/${index}`) return undefined;
    const id = batchTransferId(batch, index);
    return row.id === id ? id : formerBatchTransferId(batch, index);
  }
  if (recurring !== null) return recurringRunId(recurring, key);
  return reverses === null ? transferId(key, tenant) : reversalId(key, tenant);
}

/**
 * The hashes of the bodies that may have led to this row: a reversal may have named its amount, or left it out to mean the rest.
 */
function bodyHashesOf(row: TransferRow): string[] {
  if (row.reverses !== null) {
    const { reverses: reversesTransferId, amount } = row;
    return [amount, undefined].map((asked) => reversalBodyHash({ reversesTransferId, amount: asked }));
  }
  return [
    transferBodyHash({
      ...row,
      senderWalletId: row.sender,
      receiverWalletId: row.receiver,
      expiresInSeconds: row.expires_in ?? undefined,
      scheduledAt: row.scheduled === null ? undefined : new Date(row.scheduled),
    }),
  ];
}

/** Reports fences of movements that do not exist. `transfer` is the database as it is now. */
export async function checkOrphans(transfer: Database, shards: readonly Reader[], findings: Findings): Promise<void> {
  for (const reader of shards) {
    for await (const page of pagesOf(reader, fencesAfter, ({ id }: { id: string }) => id)) {
      const ids = page.map(({ id }) => id);
      const found = await rowsOf<{ id: string }>(
        transfer,
        sql`
        SELECT transfer_id AS id FROM transfers WHERE transfer_id = ANY(${uuids(ids)})
        UNION ALL SELECT transaction_id FROM transactions WHERE transaction_id = ANY(${uuids(ids)})`,
      );
      const known = new Set(found.map(({ id }) => id));
      for (const id of ids)
        if (!known.has(id))
          findings.report('I2', `movement ${id}`, 'a wallet shard has fences of it, but nobody asked for it');
    }
  }
}

/** An entry, and whose its wallet is. */
type EntryOf = Entry & { readonly tenant: Tenant };

/** Money goes from no tenant to another: a movement's entries are in wallets of its own. */
function reportForeign(row: MovementRow, subject: string, entries: readonly EntryOf[], findings: Findings): void {
  for (const { wallet, tenant } of entries)
    if (tenant !== row.tenant)
      findings.report('I1', subject, `it is of ${row.tenant}, and moved money in ${wallet}, which is of ${tenant}`);
}

/** What the shards did for the movements of a page. */
async function movedBy(
  page: readonly { id: string }[],
  shards: readonly Reader[],
): Promise<(id: string) => { entries: EntryOf[]; fences: Fence[] }> {
  const ids = uuids(page.map(({ id }) => id));
  const entries = await Promise.all(
    shards.map((reader) =>
      rowsOf<EntryOf & { id: string }>(
        reader,
        sql`
        SELECT transaction_id AS id, type, amount, wallet_id AS wallet, kind, currency, tenant
        FROM ledger_entries JOIN wallets USING (wallet_id) WHERE transaction_id = ANY(${ids})`,
      ),
    ),
  );
  const fences = await Promise.all(
    shards.map((reader) =>
      rowsOf<Fence & { id: string }>(
        reader,
        sql`
        SELECT transaction_id AS id, leg, outcome, reason, detail, is_hold, wallet_id AS wallet, currency, amount
        FROM operation_fences WHERE transaction_id = ANY(${ids})`,
      ),
    ),
  );
  const [entriesOf, fencesOf] = [
    Map.groupBy(entries.flat(), ({ id }) => id),
    Map.groupBy(fences.flat(), ({ id }) => id),
  ];
  return (id) => ({ entries: entriesOf.get(id) ?? [], fences: fencesOf.get(id) ?? [] });
}

const movementColumns = sql`tenant, status, failure_reason, failure_detail, amount, currency, reference, metadata, idempotency_key, encode(body_hash, 'hex') AS body_hash`;

/** As much time as it has waited for votes it has got more. */
const WAITED_FOR_APPROVAL = sql`coalesce(
  (SELECT greatest(decided_at - coalesce(scheduled_at, created_at), '0') FROM approvals WHERE approval_id = transfer_id), '0')`;

function transfersAfter(id: string, limit: number): SQL {
  return sql`
    SELECT transfer_id AS id, sender_wallet_id AS sender, receiver_wallet_id AS receiver, batch_id, batch_index,
      recurring_transfer_id AS recurring, ${movementColumns},
      capture_method, captured_amount AS captured, scheduled_at AS scheduled, reverses_transfer_id AS reverses,
      round(extract(epoch FROM expires_at - coalesce(scheduled_at, created_at) - ${WAITED_FOR_APPROVAL}))::int AS expires_in, reversed_amount AS reversed,
      (SELECT coalesce(sum(amount), 0)::numeric(19,4) FROM transfers reversals
        WHERE reversals.reverses_transfer_id = transfers.transfer_id AND reversals.status NOT IN ('FAILED', 'CANCELED')) AS reversals,
      ARRAY(SELECT step || coalesce(' ' || reason, '') FROM transfer_steps steps WHERE steps.transfer_id = transfers.transfer_id ORDER BY step_id) AS steps,
      ARRAY(SELECT DISTINCT action FROM case_actions WHERE case_id = attention_case_id) AS "caseLog"
    FROM transfers WHERE transfer_id > ${id} ORDER BY transfer_id LIMIT ${limit}`;
}

function transactionsAfter(id: string, limit: number): SQL {
  return sql`
    SELECT transaction_id AS id, wallet_id AS wallet, type, ${movementColumns}
    FROM transactions WHERE transaction_id > ${id} ORDER BY transaction_id LIMIT ${limit}`;
}

function fencesAfter(id: string, limit: number): SQL {
  return sql`SELECT DISTINCT transaction_id AS id FROM operation_fences WHERE transaction_id > ${id} ORDER BY 1 LIMIT ${limit}`;
}
