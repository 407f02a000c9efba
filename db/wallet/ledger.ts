/**
 * The reconciliation's view of the wallet shards (domain/ledger.ts), read straight from their databases. It only reads, in
 * statements that are each bounded by a page: by the indexes on `created_at`, their cost grows with what was written in the
 * window, not with what is stored.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { WalletId } from '../../domain/ids.ts';
import type { Ledger, LedgerPage, Watermark } from '../../domain/ledger.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import type { Cursor } from '../../domain/transfer/reconciliation.ts';
import { shardOf } from '../../domain/routing.ts';
import type { Entry, Fence, Moved } from '../../domain/transfer/settlement.ts';
import type { Database } from '../database.ts';

const PAGE_ROWS = 1_000;
/** The number of a wallet's entries that one statement sums. */
const SUMMED_ROWS = 20_000;

export function ledgerOf(shards: readonly Database[]): Ledger {
  return {
    shardCount: shards.length,

    clock: (shard) => clockOf(shards[shard]!),

    async watermark(shard, known) {
      const [row] = await rowsOf<{ is_there: boolean; newest: Watermark | null }>(
        shards[shard]!,
        sql`
        SELECT EXISTS (
          SELECT FROM operation_fences WHERE transaction_id = ${known?.movement ?? null}::uuid AND leg = ${known?.leg ?? null}
            AND ${milliseconds} = ${known?.decidedAtMs ?? null}::bigint
        ) AS is_there, (
          -- What bears a time of the future was written while the clock was wrong, and may be long past.
          SELECT json_build_object('movement', transaction_id, 'leg', leg, 'decidedAtMs', ${milliseconds}) FROM operation_fences
          WHERE created_at <= clock_timestamp() ORDER BY created_at DESC LIMIT 1
        ) AS newest`,
      );
      return { isKnownThere: known === null || row!.is_there, newest: row!.newest };
    },

    async fences(page) {
      const rows = await rowsOf<{ id: string; at_ms: string }>(
        shards[page.shard]!,
        sql`
        SELECT transaction_id AS id, ${milliseconds} AS at_ms FROM operation_fences
        WHERE ${isWithin(page, sql`transaction_id`)} ORDER BY created_at, transaction_id LIMIT ${PAGE_ROWS}`,
      );
      return { movements: [...new Set(rows.map(({ id }) => id))], next: nextOf(rows) };
    },

    async entries(page) {
      const rows = await rowsOf<WrittenEntry>(shards[page.shard]!, writtenEntries(page));
      const those = (name: keyof WrittenEntry, is: 'is_wrong' | 'is_unfenced'): string[] => [
        ...new Set(rows.filter((row) => row[is]).map((row) => String(row[name]))),
      ];
      return {
        checked: rows.length,
        wallets: those('wallet_id', 'is_wrong'),
        movements: those('transaction_id', 'is_unfenced'),
        next: nextOf(rows),
      };
    },

    async wallets({ shard, after, limit }) {
      const rows = await rowsOf<{ id: string; is_wrong: boolean }>(
        shards[shard]!,
        sql`
        SELECT wallet_id AS id, ${isUnlikeItsLastEntry(sql`wallet`)} AS is_wrong
        FROM (SELECT * FROM wallets WHERE ${after === null ? sql`true` : sql`wallet_id > ${after}`} ORDER BY wallet_id LIMIT ${limit}) wallet
        ORDER BY wallet_id`,
      );
      return {
        checked: rows.length,
        wallets: rows.filter((row) => row.is_wrong).map(({ id }) => id),
        next: rows.length < limit ? null : rows.at(-1)!.id,
      };
    },

    totals: (shard) => totalsOf(shards[shard]!),

    async movements(ids) {
      const found = await Promise.all(shards.map((shard) => movedIn(shard, ids)));
      const entries = Map.groupBy(
        found.flatMap((each) => each.entries),
        ({ id }) => id,
      );
      const fences = Map.groupBy(
        found.flatMap((each) => each.fences),
        ({ id }) => id,
      );
      return new Map(
        ids
          .filter((id) => entries.has(id) || fences.has(id))
          .map((id): [string, Moved] => [id, { entries: entries.get(id) ?? [], fences: fences.get(id) ?? [] }]),
      );
    },

    walletProblem: (walletId) => walletProblem(shards[shardOf(walletId as WalletId, shards.length)]!, walletId),
  };
}

async function clockOf(shard: Database): Promise<number> {
  const [row] = await rowsOf<{ at_ms: string }>(
    shard,
    sql`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at_ms`,
  );
  return Number(row!.at_ms);
}

function totalsOf(shard: Database): Promise<{ currency: string; balance: string }[]> {
  return rowsOf(shard, sql`SELECT currency, sum(balance)::text AS balance FROM wallets GROUP BY currency`);
}

interface WrittenEntry {
  id: string;
  at_ms: string;
  wallet_id: string;
  transaction_id: string;
  /** The entry does not follow from the one before it, or its wallet's balance is not what the wallet's last entry says. */
  is_wrong: boolean;
  is_unfenced: boolean;
}

/**
 * With a bound for each row that it looks for, so that PostgreSQL looks for them one by one: otherwise it reads all fences, wallets
 * and entries for each page as long as there are not more than some hundred thousand.
 */
function writtenEntries(page: LedgerPage): SQL {
  return sql`
    SELECT entry_id AS id, ${milliseconds} AS at_ms, wallet_id, transaction_id,
      fence.is_there IS NULL AS is_unfenced,
      (sequence > 1 AND before.balance_before IS NULL)
        OR balance_after <> coalesce(before.balance_before, 0) + CASE type WHEN 'DEBIT' THEN -amount ELSE amount END
        OR wallet.is_wrong AS is_wrong
    FROM (
      SELECT * FROM ledger_entries
      WHERE ${isWithin(page, sql`entry_id`)} ORDER BY created_at, entry_id LIMIT ${PAGE_ROWS}
    ) entry
    LEFT JOIN LATERAL (
      SELECT balance_after AS balance_before FROM ledger_entries before
      WHERE before.wallet_id = entry.wallet_id AND before.sequence = entry.sequence - 1 LIMIT 1
    ) before ON true
    LEFT JOIN LATERAL (
      SELECT ${isUnlikeItsLastEntry(sql`wallet`)} AS is_wrong FROM wallets wallet WHERE wallet.wallet_id = entry.wallet_id LIMIT 1
    ) wallet ON true
    LEFT JOIN LATERAL (
      SELECT true AS is_there FROM operation_fences fence WHERE fence.transaction_id = entry.transaction_id LIMIT 1
    ) fence ON true
    ORDER BY created_at, entry_id`;
}

/** The condition that a row of `wallets` has another balance, or counts another number of entries, than its last entry says. */
function isUnlikeItsLastEntry(wallet: SQL): SQL {
  return sql`(${wallet}.balance, ${wallet}.last_sequence) <> (
    SELECT coalesce(sum(balance_after), 0), coalesce(sum(sequence), 0) FROM (
      SELECT balance_after, sequence FROM ledger_entries last WHERE last.wallet_id = ${wallet}.wallet_id ORDER BY sequence DESC LIMIT 1
    ) last)`;
}

async function movedIn(shard: Database, ids: readonly string[]) {
  const those = sql`${sql.param([...ids])}::uuid[]`;
  const [entries, fences] = await Promise.all([
    rowsOf<Entry & { id: string }>(
      shard,
      sql`
      SELECT transaction_id AS id, type, amount, wallet_id AS wallet, kind, currency
      FROM ledger_entries entry
      -- One by one: joined as a whole, some thousand wallets would all be read for some hundred entries.
      CROSS JOIN LATERAL (SELECT kind, currency FROM wallets WHERE wallets.wallet_id = entry.wallet_id OFFSET 0) wallet
      WHERE transaction_id = ANY(${those})`,
    ),
    rowsOf<Fence & { id: string }>(
      shard,
      sql`
      SELECT transaction_id AS id, leg, outcome, reason, detail, is_hold, wallet_id AS wallet, counterparty_wallet_id AS counterparty, currency, amount
      FROM operation_fences WHERE transaction_id = ANY(${those})`,
    ),
  ]);
  return { entries, fences };
}

interface Summed {
  entries: number;
  total: string;
  /** Entries whose balance does not follow from the entries before them; `gaps` are those whose number is not the next one. */
  wrong: number;
  gaps: number;
  sequence: string | null;
  balance_after: string | null;
  balance: string;
  last_sequence: string;
}

/**
 * Sums the whole ledger of a wallet under suspicion, a bounded part at a time. Returns what is wrong with it in a sentence, if
 * anything is.
 */
async function walletProblem(shard: Database, walletId: string): Promise<string | undefined> {
  let [total, wrong, gaps, sequence, balance] = [0n, 0, 0, '0', '0'];
  for (;;) {
    const [part] = await rowsOf<Summed>(shard, summedPart(walletId, sequence, balance));
    if (part === undefined) return undefined;
    total += parseUnits(part.total);
    wrong += part.wrong;
    gaps += part.gaps;
    sequence = part.sequence ?? sequence;
    balance = part.balance_after ?? balance;
    if (part.entries === SUMMED_ROWS) continue;
    // The wallet's row, as it was in the snapshot that showed its last entries.
    const difference = parseUnits(part.balance) - total;
    if (difference !== 0n)
      return `its balance is ${formatUnits(difference < 0n ? -difference : difference)} ${difference < 0n ? 'less' : 'more'} than its entries sum to`;
    if (gaps > 0) return `${gaps} of its entries are not numbered one after the other`;
    if (wrong > 0) return `${wrong} of its entries say another balance than the entries before them lead to`;
    return part.last_sequence === sequence ? undefined : 'it counts more or fewer entries than it has';
  }
}

function summedPart(walletId: string, sequence: string, balance: string): SQL {
  return sql`
    SELECT wallet.balance, wallet.last_sequence, part.* FROM wallets wallet CROSS JOIN LATERAL (
      SELECT count(*)::int AS entries, coalesce(sum(signed), 0) AS total,
        count(*) FILTER (WHERE balance_after <> balance_before + signed)::int AS wrong,
        count(*) FILTER (WHERE sequence <> sequence_before + 1)::int AS gaps,
        max(sequence) AS sequence, (array_agg(balance_after ORDER BY sequence DESC))[1] AS balance_after
      FROM (
        SELECT sequence, balance_after, CASE type WHEN 'DEBIT' THEN -amount ELSE amount END AS signed,
          lag(sequence, 1, ${sequence}::bigint) OVER (ORDER BY sequence) AS sequence_before,
          lag(balance_after, 1, ${balance}::numeric(28,4)) OVER (ORDER BY sequence) AS balance_before
        FROM (SELECT * FROM ledger_entries WHERE wallet_id = ${walletId} AND sequence > ${sequence}::bigint ORDER BY sequence LIMIT ${SUMMED_ROWS}) entry
      ) entry
    ) part WHERE wallet.wallet_id = ${walletId}`;
}

const milliseconds = sql`(extract(epoch FROM created_at) * 1000)::bigint`;

/** The condition that a row is in the window and follows the cursor, by time and then by `key`, a uuid. */
function isWithin({ window, after }: LedgerPage, key: SQL): SQL {
  const from = after === undefined ? sql`` : sql`(created_at, ${key}) > (${at(after.atMs)}, ${after.key}::uuid) AND `;
  return sql`${from}created_at >= ${at(after?.atMs ?? window.fromMs)} AND created_at < ${at(window.untilMs)}`;
}

function at(milliseconds: number): SQL {
  return sql`${new Date(milliseconds).toISOString()}::timestamptz`;
}

function nextOf(rows: readonly { id: string; at_ms: string }[]): Cursor | null {
  const last = rows.at(-1);
  return last === undefined || rows.length < PAGE_ROWS ? null : { atMs: Number(last.at_ms), key: last.id };
}

async function rowsOf<Row>(database: Database, statement: SQL): Promise<Row[]> {
  const { rows } = await database.execute(statement);
  return rows as Row[];
}
