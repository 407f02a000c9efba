// The invariants of wallet shards, which hold whatever operations were called, in whatever order, how often and on how many
// connections. Reads every row and compares in memory, independently of the audit, so that each can uncover mistakes of the other.

import type { Database } from '../../db/database.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { rowsOf } from './database.ts';
import { EVENTS as WRITTEN } from './outbox-events.ts';

interface Fence extends Record<string, unknown> {
  movement: string;
  leg: 'debit' | 'credit' | 'refund' | 'release' | 'advance' | 'deposit' | 'withdrawal';
  outcome: 'applied' | 'rejected' | 'canceled';
  reason: string | null;
  wallet: string;
  currency: string;
  amount: string;
  /** Whether a refund went to the external wallet. */
  is_external: boolean;
}

/** The entries of an applied leg: the type, and whether the entry is in the external wallet. */
const ENTRIES: Record<Fence['leg'], readonly [type: string, external: boolean][]> = {
  debit: [['DEBIT', false]],
  credit: [['CREDIT', false]],
  refund: [['REFUND', false]],
  release: [],
  advance: [
    ['REFUND', false],
    ['DEBIT', true],
  ],
  deposit: [
    ['CREDIT', false],
    ['DEBIT', true],
  ],
  withdrawal: [
    ['DEBIT', false],
    ['CREDIT', true],
  ],
};

/** The events of a leg: for an applied one, and for a rejected one. */
const EVENTS: Record<Fence['leg'], readonly [applied: string, rejected: string]> = {
  debit: ['wallet.debited', 'wallet.debit-failed'],
  credit: ['wallet.credited', 'wallet.credit-failed'],
  refund: ['wallet.refunded', ''],
  release: ['', ''],
  advance: ['wallet.advanced', ''],
  deposit: ['wallet.credited', 'wallet.credit-failed'],
  withdrawal: ['wallet.debited', 'wallet.debit-failed'],
};

/** Returns a sentence for each violation. */
export async function walletViolations(shards: readonly Database[]): Promise<string[]> {
  const violations: string[] = [];
  const fences: Fence[] = [];
  const money = new Map<string, bigint>();
  const add = (currency: string, units: bigint): void => void money.set(currency, (money.get(currency) ?? 0n) + units);

  for (const shard of shards) {
    const own = await rowsOf<Fence>(
      shard,
      `
      SELECT transaction_id AS movement, leg, outcome, reason, wallet_id AS wallet, currency, amount,
        coalesce(detail ? 'paid_to', false) AS is_external FROM operation_fences`,
    );
    fences.push(...own);
    violations.push(
      ...(await fenceMismatches(shard, own)),
      ...(await wrongBalances(shard)),
      ...(await wrongHolds(shard)),
    );
    for (const { currency, balance } of await rowsOf<{ currency: string; balance: string }>(
      shard,
      'SELECT currency, balance FROM wallets',
    )) {
      add(currency, parseUnits(balance));
    }
  }

  const applied = new Map(
    fences.filter(({ outcome }) => outcome === 'applied').map((fence) => [`${fence.leg} ${fence.movement}`, fence]),
  );
  for (const { leg, movement, currency, amount, is_external } of applied.values()) {
    const units = parseUnits(amount);
    if (leg === 'debit') add(currency, units);
    if (leg === 'credit' || leg === 'refund') add(currency, -units);
    if (leg !== 'refund') continue;
    // These tests write nothing off.
    if (applied.has(`advance ${movement}`) !== is_external)
      violations.push(
        `${movement} was refunded to the ${is_external ? 'external wallet, not' : 'sender, and'} advanced`,
      );
    const [debit, credit] = [applied.get(`debit ${movement}`), applied.get(`credit ${movement}`)];
    const due = parseUnits(debit?.amount ?? '0') - parseUnits(credit?.amount ?? '0');
    if (units !== due) violations.push(`${movement} was refunded ${amount} where ${formatUnits(due)} was due`);
  }
  for (const [currency, units] of money)
    if (units !== 0n) violations.push(`${formatUnits(units)} ${currency} too much`);
  return violations;
}

/** The entries and events must be exactly those that the fences name. */
async function fenceMismatches(shard: Database, fences: readonly Fence[]): Promise<string[]> {
  const entries = await rowsOf<{ line: string }>(
    shard,
    `
    SELECT concat_ws(' ', e.transaction_id, e.type, CASE w.kind WHEN 'user' THEN w.wallet_id::text ELSE 'external' END, e.amount, w.currency) AS line
    FROM ledger_entries e JOIN wallets w USING (wallet_id)`,
  );
  const events = await rowsOf<{ line: string }>(shard, `SELECT event_id AS line FROM ${WRITTEN}`);
  const expectedEntries = fences
    .filter(({ outcome }) => outcome === 'applied')
    .flatMap(({ movement, leg, wallet, amount, currency, is_external }) =>
      ENTRIES[leg].map(
        ([type, external]) =>
          `${movement} ${type} ${external || is_external ? 'external' : wallet} ${amount} ${currency}`,
      ),
    );
  const expectedEvents = fences
    .filter(({ outcome, leg }) => outcome !== 'canceled' && leg !== 'release')
    .map(({ movement, leg, outcome }) => `${EVENTS[leg][outcome === 'applied' ? 0 : 1]}/${movement}`);
  return [...differences('entry', entries, expectedEntries), ...differences('event', events, expectedEvents)];
}

function differences(what: string, rows: readonly { line: string }[], expected: readonly string[]): string[] {
  const found = rows.map(({ line }) => line);
  const once = new Set(found);
  const wanted = new Set(expected);
  return [
    ...(found.length === once.size ? [] : [`an ${what} is there twice`]),
    ...[...once].filter((line) => !wanted.has(line)).map((line) => `${what} ${line} has no fence`),
    ...[...wanted].filter((line) => !once.has(line)).map((line) => `${what} ${line} is missing`),
  ];
}

async function wrongBalances(shard: Database): Promise<string[]> {
  const wrong = await rowsOf<{ wallet: string }>(
    shard,
    `
    SELECT wallet_id AS wallet FROM wallets LEFT JOIN LATERAL (
      SELECT coalesce(sum(CASE type WHEN 'DEBIT' THEN -amount ELSE amount END), 0) AS total,
             count(*) AS entries, coalesce(max(sequence), 0) AS last,
             coalesce((array_agg(balance_after ORDER BY sequence DESC))[1], 0) AS shown
      FROM ledger_entries WHERE ledger_entries.wallet_id = wallets.wallet_id
    ) ledger ON true
    WHERE balance <> total OR balance <> shown OR last_sequence <> entries OR last <> entries OR (kind = 'user' AND balance < 0)`,
  );
  return wrong.map(({ wallet }) => `wallet ${wallet} does not agree with its entries`);
}

/** What a wallet holds must be the sum of its holds that were not released. */
async function wrongHolds(shard: Database): Promise<string[]> {
  const wrong = await rowsOf<{ wallet: string }>(
    shard,
    `
    SELECT wallet_id AS wallet FROM wallets WHERE held <> (
      SELECT coalesce(sum(CASE leg WHEN 'debit' THEN amount ELSE -amount END), 0) FROM operation_fences fence
      WHERE fence.wallet_id = wallets.wallet_id AND outcome = 'applied' AND (leg = 'debit' AND is_hold OR leg = 'release'))`,
  );
  return wrong.map(({ wallet }) => `wallet ${wallet} does not hold what its holds say`);
}
