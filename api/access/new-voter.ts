/** What a new key means for the votes of its principal. */
import { findPrincipal, type NewKey } from '../../db/access/keys.ts';
import type { Database } from '../../db/database.ts';
import type { ByWhom } from '../../domain/audit-event.ts';
import type { TransferId } from '../../domain/ids.ts';
import type { AskGrant } from '../../domain/transfer/approval.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { ProblemError } from '../http/problem.ts';

/**
 * Returns the approval that the votes by this key wait for, if they do, or throws `principal_not_found`. To be called before the
 * key is made: of a process that ends in between there is an approval that waits and no key, rather than a key whose grant nobody
 * has asked for.
 */
export async function awaitedBy(
  database: Database,
  askGrant: AskGrant,
  { tenant, principalId, scopes }: NewKey,
  by: ByWhom,
): Promise<TransferId | undefined> {
  const principal = await boundedQuery(database, () => findPrincipal(database, tenant, principalId));
  if (principal === undefined)
    throw new ProblemError('principal_not_found', { detail: `There is no principal ${principalId}.` });
  return scopes.includes('approvals:write') ? askGrant(principal, by) : undefined;
}
