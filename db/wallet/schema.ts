/**
 * The tables of a wallet shard. The service's role reads them and writes none: every change is made by a function of
 * functions/, so that no bug above them can write a balance without its entry.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { WalletId } from '../../domain/ids.ts';
import type { FailureDetail } from '../../domain/transfer/transfer.ts';
import { amount, balance, instant, tenantColumn } from '../database.ts';

export { installation } from '../installation.ts';
export { outboxEvents, outboxSealProgress, outboxSeals, outboxTruncation } from '../outbox.ts';

export const wallets = pgTable(
  'wallets',
  {
    walletId: uuid('wallet_id').$type<WalletId>().primaryKey(),
    tenant: tenantColumn(),
    /** The user whose wallet it is; null for the external wallet, which stands for the outside world. */
    userId: text('user_id'),
    currency: text('currency').notNull(),
    kind: text('kind', { enum: ['user', 'external'] })
      .notNull()
      .default('user'),
    status: text('status', { enum: ['ACTIVE', 'SUSPENDED'] })
      .notNull()
      .default('ACTIVE'),
    /** The money that can be spent. */
    balance: balance('balance').notNull().default('0'),
    /** The money that holds have taken out of the balance and that is not settled yet. */
    held: balance('held').notNull().default('0'),
    /** Limits on outgoing money: of one movement, and of all movements within any 24 hours; null for no limit. */
    limitMaxAmount: amount('limit_max_amount'),
    limitOutgoing24h: balance('limit_outgoing_24h'),
    /**
     * While the wallet has a limit of 24 hours: the entry from which on outgoing money is counted, the sum of what has gone out
     * since, and the clock by which it is counted (functions/count_outgoing.sql, own_clock.sql). Null until the limit is first
     * judged.
     */
    outgoingFrom: bigint('outgoing_from', { mode: 'number' }),
    outgoingSum: balance('outgoing_sum'),
    limitClock: instant('limit_clock'),
    /** The sequence of its newest ledger entry. */
    lastSequence: bigint('last_sequence', { mode: 'number' }).notNull().default(0),
    /**
     * The sequence of the newest entry (or of the next one) that may bear an earlier time than an entry before it, because the
     * server's clock went back.
     */
    clockBackSequence: bigint('clock_back_sequence', { mode: 'number' }),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    // In this order, because lists by user walk it.
    uniqueIndex('wallets_user_currency_tenant').on(t.userId, t.currency, t.tenant),
    uniqueIndex('wallets_external_tenant')
      .on(t.tenant, t.currency)
      .where(sql`kind = 'external'`),
    index('wallets_created')
      .on(t.createdAt.desc().nullsFirst(), t.walletId.desc().nullsFirst())
      .where(sql`kind = 'user'`),
    // Without a row where there is no tenant but the default one.
    index('wallets_of_tenant')
      .on(t.tenant, t.createdAt.desc().nullsFirst(), t.walletId.desc().nullsFirst())
      .where(sql`kind = 'user' and tenant <> 'default'`),
    check('wallets_balance_not_negative', sql`kind = 'external' or balance >= 0`),
    check('wallets_held_not_negative', sql`held >= 0`),
    check('wallets_limits', sql`limit_max_amount >= 0 and limit_outgoing_24h >= 0`),
    check('wallets_currency', sql`currency ~ '^[A-Z]{3}$'`),
    check('wallets_kind', sql`(kind = 'user' and user_id is not null) or (kind = 'external' and user_id is null)`),
    check('wallets_status', sql`status in ('ACTIVE', 'SUSPENDED')`),
  ],
);

export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    /** Derived from wallet, movement and type, which are unique together. */
    entryId: uuid('entry_id').notNull(),
    /** No foreign key, because only the functions write entries, and they hold the wallet's row under lock. */
    walletId: uuid('wallet_id').$type<WalletId>().notNull(),
    /** The transfer or the one-sided transaction that moved the money. */
    transactionId: uuid('transaction_id').notNull(),
    type: text('type', { enum: ['DEBIT', 'CREDIT', 'REFUND'] }).notNull(),
    amount: amount('amount').notNull(),
    /** 1, 2, 3 … within the wallet. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    balanceAfter: balance('balance_after').notNull(),
    /** The time of the server's clock after the wallet's lock was taken. Only the sequence orders entries. */
    createdAt: instant('created_at').notNull(),
    /** The time of the wallet's own clock, if that is another (functions/own_clock.sql): the limit of 24 hours goes by it. */
    countedAt: instant('counted_at'),
  },
  (t) => [
    primaryKey({ columns: [t.walletId, t.sequence] }),
    // With its columns in this order, it also finds a movement's entries.
    unique('ledger_entries_transaction_wallet_type').on(t.transactionId, t.walletId, t.type),
    index('ledger_entries_wallet_created').on(t.walletId, t.createdAt, t.sequence),
    // For the reconciliation, which reads what was written lately.
    index('ledger_entries_created').on(t.createdAt),
    check('ledger_entries_amount_positive', sql`amount > 0`),
    check('ledger_entries_type', sql`type in ('DEBIT', 'CREDIT', 'REFUND')`),
  ],
);

/** One row for each leg of a movement, written by the first call for that leg, never removed and never decided twice. */
export const operationFences = pgTable(
  'operation_fences',
  {
    transactionId: uuid('transaction_id').notNull(),
    leg: text('leg', { enum: ['debit', 'credit', 'refund', 'release', 'advance', 'deposit', 'withdrawal'] }).notNull(),
    outcome: text('outcome', { enum: ['applied', 'rejected', 'canceled'] }).notNull(),
    /** Why it was rejected or canceled. */
    reason: text('reason'),
    /**
     * Of a rejection for a limit: which limit, and what remained of it. Of a refund that did not go to the sender: `paid_to`, the
     * external wallet.
     */
    detail: jsonb('detail').$type<FailureDetail>(),
    /** Of a debit: whether its amount is held until its release. */
    isHold: boolean('is_hold').notNull().default(false),
    walletId: uuid('wallet_id').$type<WalletId>().notNull(),
    currency: text('currency').notNull(),
    amount: amount('amount').notNull(),
    /** Of a transfer's debit and credit: the other wallet. Null for legs that were decided before it was kept. */
    counterpartyWalletId: uuid('counterparty_wallet_id').$type<WalletId>(),
    /** Of a credit that is a part of a hold: the amount of the hold. */
    ofAmount: amount('of_amount'),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    primaryKey({ columns: [t.transactionId, t.leg] }),
    index('operation_fences_created').on(t.createdAt),
    check(
      'operation_fences_leg',
      sql`leg in ('debit', 'credit', 'refund', 'release', 'advance', 'deposit', 'withdrawal')`,
    ),
    // A negative leg would move money the other way: a refund of more than was debited, for one.
    check('operation_fences_amount_positive', sql`amount > 0`),
    check('operation_fences_outcome', sql`outcome in ('applied', 'rejected', 'canceled')`),
    check('operation_fences_reason', sql`(outcome = 'applied') = (reason is null)`),
  ],
);

/**
 * The buckets that this database holds: one row, written by the first migration. A migration with settings that contradict it
 * fails.
 */
export const shardBuckets = pgTable(
  'shard_buckets',
  {
    onlyRow: integer('only_row').primaryKey().default(1),
    first: integer('first_bucket').notNull(),
    last: integer('last_bucket').notNull(),
  },
  (t) => [
    check('shard_buckets_only_row', sql`${t.onlyRow} = 1`),
    check('shard_buckets_range', sql`0 <= ${t.first} and ${t.first} <= ${t.last} and ${t.last} <= 255`),
  ],
);
