/**
 * The granting of votes: while a tenant has policies, the votes of a principal that did not have them when the first one was set
 * count once as many as the strictest policy demands have agreed. Asked for before a key is made that may vote, or with a vote
 * that does not count yet.
 */
import type { Database } from '../../db/database.ts';
import { askGrant, lacksRoll, recordVoters } from '../../db/transfer/voter-queries.ts';
import { tenantOf, type Tenant } from '../../domain/tenant.ts';
import type { AskGrant, ListVoters } from '../../domain/transfer/approval.ts';
import { boundedQuery } from '../http/bounded-query.ts';

export interface Grants {
  readonly voters: ListVoters;
  /**
   * Where there is a policy and nobody has noted who may vote, as in an installation of the version before, notes who may now.
   * Before a key is made and before a vote, so that no key that was made later is among them.
   */
  readonly note: (tenant: Tenant) => Promise<void>;
  readonly ask: AskGrant;
}

export function grantsIn(database: Database, listVoters: ListVoters): Grants {
  const note: Grants['note'] = async (tenant) => {
    if (!(await boundedQuery(database, () => lacksRoll(database, tenant)))) return;
    const voters = await listVoters(tenant);
    if (voters !== undefined)
      await boundedQuery(database, () => recordVoters(database, tenant, voters), { isWrite: true });
  };
  return {
    voters: listVoters,
    note,
    async ask(voter, by) {
      await note(tenantOf(by.acting));
      return boundedQuery(database, () => askGrant(database, voter, by), { isWrite: true });
    },
  };
}
