/**
 * Compares whose everything is with who has asked for it: each row is of the tenant whose client made it, and no movement that names
 * another tenant's wallet has ever moved anything, neither there nor, in the end, in its own. Pure.
 */
import { tenantOf, type Tenant } from '../domain/tenant.ts';
import type { Book } from './book.ts';
import type { Report } from './compare.ts';

export interface StoredOfTenants {
  /** Movements, batches and standing orders. */
  readonly rows: readonly { readonly id: string; readonly tenant: Tenant }[];
  readonly wallets: readonly { readonly wallet: string; readonly tenant: Tenant }[];
  /** The wallets in which each movement has an entry. */
  readonly ledger: readonly { readonly movement: string; readonly wallet: string }[];
}

/** Returns the number of movements that name a wallet of another tenant than their own. */
export function compareTenants(book: Book, { rows, wallets, ledger }: StoredOfTenants, report: Report): number {
  const ownerOf = new Map(wallets.map(({ wallet, tenant }) => [wallet, tenant]));
  for (const { id, tenant } of rows)
    if (tenant !== book.tenantOf(id))
      report(id, `${book.tenantOf(id)} has asked for it, and it is stored as ${tenant}'s`);
  for (const { movement, wallet } of ledger) {
    const [asking, owner] = [book.tenantOf(movement), ownerOf.get(wallet)];
    if (owner !== asking)
      report(movement, `it was asked for by ${asking}, and has an entry in ${wallet}, which is ${owner}'s`);
  }
  let across = 0;
  for (const entry of book.entries())
    for (const { id, from, to } of entry.moves) {
      const isOwn = (wallet: string | undefined): boolean =>
        wallet === undefined || (ownerOf.get(wallet) ?? tenantOf(entry)) === tenantOf(entry);
      if (isOwn(from) && isOwn(to)) continue;
      across += 1;
      const status = book.sightings.latest(id)?.status;
      if (status === 'COMPLETED' || status === 'PROCESSED')
        report(id, `it is ${status}, and names a wallet of another tenant than ${tenantOf(entry)}`);
    }
  return across;
}
