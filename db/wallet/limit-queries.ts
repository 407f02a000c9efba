/**
 * The limits on the money that goes out of a wallet: sets them, and reads them together with the sum that has gone out. The
 * operations that take money out enforce them, see functions/limit_refusal.sql.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { WalletId } from '../../domain/ids.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { requestArguments } from '../audit-events.ts';
import type { Database } from '../database.ts';
import { wallets } from './schema.ts';

/** Decimal strings; null for no limit. */
export interface Limits {
  readonly maxAmount: string | null;
  readonly outgoing24h: string | null;
}

export interface WalletLimits extends Limits {
  readonly walletId: WalletId;
  readonly currency: string;
  /** The money that has gone out within the last 24 hours, less what was given back of it. */
  readonly outgoing24hUsed: string;
  readonly outgoing24hRemaining: string | null;
}

/** Replaces both limits (functions/set_wallet_limits.sql). Returns false if there is no such wallet. `by` as in setWalletStatus. */
export async function setWalletLimits(
  database: Database,
  walletId: WalletId,
  { maxAmount, outgoing24h }: Limits,
  by?: ByWhom,
): Promise<boolean> {
  const { rows } = await database.execute<{ found: boolean }>(
    sql`SELECT set_wallet_limits(${walletId}, ${maxAmount}, ${outgoing24h}, ${requestArguments(by)}) AS found`,
  );
  return rows[0]!.found;
}

/** The limits of a tenant's wallet of a user, with the same sum by which the operations judge. Undefined if there is no such wallet. */
export async function findWalletLimits(
  database: Database,
  walletId: WalletId,
  tenant: Tenant = DEFAULT_TENANT,
): Promise<WalletLimits | undefined> {
  const used = sql`outgoing_24h(${wallets.walletId})`;
  const rows = await database
    .select({
      walletId: wallets.walletId,
      currency: wallets.currency,
      maxAmount: wallets.limitMaxAmount,
      outgoing24h: wallets.limitOutgoing24h,
      outgoing24hUsed: sql<string>`${used}::numeric(28,4)`,
      outgoing24hRemaining: sql<string | null>`CASE WHEN ${wallets.limitOutgoing24h} IS NOT NULL
        THEN greatest(${wallets.limitOutgoing24h} - ${used}, 0)::numeric(28,4) END`,
    })
    .from(wallets)
    .where(and(eq(wallets.walletId, walletId), eq(wallets.kind, 'user'), eq(wallets.tenant, tenant)));
  return rows[0];
}
