/** Which principals could act by the keys of another, because they have made them: of two of these, none is the second person. */
import { listMakers } from '../../db/access/keys.ts';
import type { PrincipalId } from '../../domain/ids.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { JudgeVoter } from '../../domain/transfer/approval.ts';
import type { KeyDeps } from './key-fields.ts';

/** Where nobody has keys, none was made by anybody. */
export function voterJudge({ accessDatabase: database }: KeyDeps): JudgeVoter {
  return async (voter, asker) => {
    if (database === undefined) return { makers: [], isOfAsker: false };
    const ids = asker === undefined ? [voter] : [voter, asker];
    const rows = await boundedQuery(database, () => listMakers(database, ids));
    const behind = (of: PrincipalId | undefined): PrincipalId[] =>
      rows.filter((row) => row.of === of && (row.maker === of || !row.isInstalled)).map(({ maker }) => maker);
    const makers = behind(voter);
    const isMade = rows.some(({ of, maker }) => of === voter && maker === asker);
    return { makers, isOfAsker: isMade || behind(asker).some((each) => makers.includes(each)) };
  };
}
