/**
 * The wallets of a shard and their statements: opens, suspends and reads them. The operations that move money are in queries.ts.
 */
import { and, desc, eq, inArray, lt, lte, sql, type SQL } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../../domain/tenant.ts';
import { requestArguments } from '../audit-events.ts';
import { isOfTenant, type Database } from '../database.ts';
import { listNewestFirst, mergedNewestFirst, type Listed } from '../newest-first.ts';
import type { Place } from '../../domain/place.ts';
import { ledgerEntries, wallets } from './schema.ts';

export type Wallet = typeof wallets.$inferSelect;
export type LedgerEntry = typeof ledgerEntries.$inferSelect;

/** Opens a wallet. Returns false if the user already has one in this currency. Without `by`, the audit log has no entry of it. */
export async function openWallet(
  database: Database,
  wallet: OfTenant & { walletId: WalletId; userId: string; currency: string },
  by?: ByWhom,
): Promise<boolean> {
  const { rows } = await database.execute<{ opened: boolean }>(
    sql`SELECT open_wallet(${wallet.walletId}, ${wallet.userId}, ${wallet.currency}, ${tenantOf(wallet)},
      ${requestArguments(by)}) AS opened`,
  );
  return rows[0]!.opened;
}

/** Suspends a wallet or activates it. Returns false if the tenant of `by` has no such wallet. Without `by`, the audit log has no entry of it. */
export async function setWalletStatus(
  database: Database,
  walletId: WalletId,
  status: Wallet['status'],
  by?: ByWhom,
): Promise<boolean> {
  const { rows } = await database.execute<{ found: boolean }>(
    sql`SELECT set_wallet_status(${walletId}, ${status}, ${requestArguments(by)}) AS found`,
  );
  return rows[0]!.found;
}

/** A tenant's wallet of a user. It does not find external wallets, which nobody may see. */
export async function findWallet(
  database: Database,
  walletId: WalletId,
  tenant: Tenant = DEFAULT_TENANT,
): Promise<Wallet | undefined> {
  const rows = await database
    .select()
    .from(wallets)
    .where(and(eq(wallets.walletId, walletId), eq(wallets.kind, 'user'), eq(wallets.tenant, tenant)));
  return rows[0];
}

/**
 * The wallets of a tenant's users in this shard that follow the cursor, newest first. Of the default tenant, which has no index of
 * its own, fewer than there are where much larger ones are beside it (db/newest-first.ts).
 */
export async function listWallets(
  database: Database,
  {
    tenant = DEFAULT_TENANT,
    userIds,
    after,
    limit,
  }: OfTenant & {
    userIds?: readonly string[] | undefined;
    after?: Place | undefined;
    limit: number;
  },
): Promise<Listed<Wallet>> {
  if (userIds === undefined)
    return listNewestFirst(database, {
      ...{ table: wallets, id: 'wallet_id', rest: [], after, limit },
      ...(tenant === DEFAULT_TENANT
        ? { predicate: sql`kind = 'user'`, likely: isOfTenant(tenant) }
        : { predicate: sql`kind = 'user' AND ${isOfTenant(tenant)}` }),
    });
  const conditions: (SQL | undefined)[] = [
    ...[eq(wallets.kind, 'user'), isOfTenant(tenant)],
    inArray(wallets.userId, [...userIds]),
  ];
  if (after !== undefined) {
    conditions.push(
      sql`(${wallets.createdAt}, ${wallets.walletId}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`,
    );
  }
  const rows = await database
    .select()
    .from(wallets)
    .where(and(...conditions))
    .orderBy(desc(wallets.createdAt), desc(wallets.walletId))
    .limit(limit);
  return { rows, stoppedAt: undefined };
}

/** The lists of all shards as one. */
export function mergedWallets(ofShards: readonly Listed<Wallet>[], limit: number): Listed<Wallet> {
  return mergedNewestFirst(ofShards, ({ createdAt, walletId: id }) => ({ createdAt, id }), limit);
}

/** A wallet's statement, newest first: the entries below the sequence `before`. */
export function listEntries(
  database: Database,
  walletId: WalletId,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<LedgerEntry[]> {
  return database
    .select()
    .from(ledgerEntries)
    .where(
      and(eq(ledgerEntries.walletId, walletId), before === undefined ? undefined : lt(ledgerEntries.sequence, before)),
    )
    .orderBy(desc(ledgerEntries.sequence))
    .limit(limit);
}

/**
 * The balance that a wallet had at an instant, which is that after its last entry until then; undefined before its first entry.
 * The last entry is the one with the highest sequence: an entry that was made while the server's clock was ahead is followed by
 * entries with earlier times.
 */
export async function balanceAt(database: Database, walletId: WalletId, at: Date): Promise<string | undefined> {
  const until = and(eq(ledgerEntries.walletId, walletId), lte(ledgerEntries.createdAt, at));
  const balance = { balance: ledgerEntries.balanceAfter };
  const [latest] = await database
    .select({
      ...balance,
      isLast: sql<boolean>`${ledgerEntries.sequence} >= coalesce(${wallets.clockBackSequence}, 0)`,
    })
    .from(ledgerEntries)
    .innerJoin(wallets, eq(wallets.walletId, ledgerEntries.walletId))
    .where(until)
    .orderBy(desc(ledgerEntries.createdAt), desc(ledgerEntries.sequence))
    .limit(1);
  if (latest === undefined || latest.isLast) return latest?.balance;
  const [last] = await database
    .select(balance)
    .from(ledgerEntries)
    .where(until)
    .orderBy(desc(ledgerEntries.sequence))
    .limit(1);
  return last?.balance;
}
