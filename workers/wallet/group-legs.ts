/** The reader of a group's legs for a wallet worker that is a process of its own: it asks the transfer API, as batch-legs.ts does. */
import type { GroupLegs, ReadGroupLegs } from '../../domain/transfer/group.ts';
import { INSTALLATION_HEADER, type Installation } from '../../domain/installation.ts';

/** Shorter than the activity's own time-out. */
const ANSWER_LIMIT_MS = 5_000;

export function fetchGroupLegs(transferApiUrl: string, installation: () => Promise<Installation>): ReadGroupLegs {
  return async ({ groupId, ...query }) => {
    const answer = await fetch(new URL(`/internal/transfer-groups/${groupId}/legs`, transferApiUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [INSTALLATION_HEADER]: (await installation()).installationId },
      body: JSON.stringify(query),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    if (!answer.ok) throw new Error(`the transfer API answered ${answer.status} for the legs of group ${groupId}`);
    return (await answer.json()) as GroupLegs;
  };
}
