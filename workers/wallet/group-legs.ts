/** The reader of a group's legs for a wallet worker that is a process of its own: it asks the transfer API, as batch-legs.ts does. */
import type { GroupLegs, ReadGroupLegs } from '../../domain/transfer/group.ts';
import type { AskInternal } from '../ask-internal.ts';

/** Shorter than the activity's own time-out. */
const ANSWER_LIMIT_MS = 5_000;

export function fetchGroupLegs(ask: AskInternal): ReadGroupLegs {
  return async ({ groupId, ...query }) => {
    const { status, body } = await ask(`/internal/transfer-groups/${groupId}/legs`, ANSWER_LIMIT_MS, query);
    if (status !== 200) throw new Error(`the transfer API answered ${status} for the legs of group ${groupId}`);
    return body as GroupLegs;
  };
}
