/** Whether a key was made by a key of some principal, for those who must not act by a key that they have made themselves. */
import { isMadeBy } from '../../db/access/keys.ts';
import type { ApiKeyId, PrincipalId } from '../../domain/ids.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { KeyDeps } from './key-fields.ts';

/** Where nobody has keys, none was made by anybody. */
export function madeBy({ accessDatabase: database }: KeyDeps) {
  return async (id: ApiKeyId, principalId: PrincipalId): Promise<boolean> =>
    database !== undefined && boundedQuery(database, () => isMadeBy(database, id, principalId));
}
