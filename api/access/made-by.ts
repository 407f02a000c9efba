/**
 * Who may vote by keys: those who have such a key, and which principals could act by the keys of another, because they have made
 * them; of two of these, none is the second person.
 */
import { listHolders, listMakers } from '../../db/access/keys.ts';
import type { PrincipalId } from '../../domain/ids.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { JudgeVoter, ListVoters } from '../../domain/transfer/approval.ts';
import type { KeyDeps } from './key-fields.ts';

/** Where nobody has keys, none was made by anybody. */
export function voterJudge({ accessDatabase: database }: KeyDeps): JudgeVoter {
  return async (voter, asker, granted) => {
    if (database === undefined) return { makers: [], isOfAsker: false };
    const ids = [voter, asker, granted].filter((id) => id !== undefined);
    const rows = await boundedQuery(database, () => listMakers(database, ids));
    const behind = (of: PrincipalId | undefined): PrincipalId[] =>
      rows.filter((row) => row.of === of && (row.maker === of || !row.isInstalled)).map(({ maker }) => maker);
    const makers = behind(voter);
    const hasMade = (one: PrincipalId | undefined, other: PrincipalId | undefined): boolean =>
      rows.some(({ of, maker }) => of === other && maker === one);
    const isOf = (other: PrincipalId | undefined): boolean =>
      hasMade(other, voter) || behind(other).some((each) => makers.includes(each));
    return { makers, isOfAsker: isOf(asker) || isOf(granted) || hasMade(voter, granted) };
  };
}

/** `asksForKeys`: no, if requests need none, whatever keys there are. */
export function voterList({ accessDatabase: database }: KeyDeps, asksForKeys: boolean): ListVoters {
  return async (tenant) => {
    if (database === undefined || !asksForKeys) return undefined;
    return boundedQuery(database, () => listHolders(database, tenant, 'approvals:write'));
  };
}
