/** The part of the sweep that leaves alone what a group is moving. */
import type { Transfer } from '../../db/transfer/queries.ts';
import type { GroupId } from '../../domain/ids.ts';
import { within } from '../../process/deadline.ts';
import { isGroupUnderWay } from '../../temporal/transfer/start-group.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';

const ANSWER_LIMIT_MS = 1_000;

/**
 * The transfers without those that a group moves at this moment: it is about to end them, or to give each a workflow of its own. A
 * group of which Temporal does not tell in time counts as over, because the fences make it safe to move its transfers twice.
 */
export async function withoutGroupsUnderWay(
  { client }: Pick<MovementStarter, 'client'>,
  due: readonly Transfer[],
): Promise<Transfer[]> {
  const groups = new Set(due.flatMap(({ groupId }) => groupId ?? []));
  const underWay = new Set<GroupId>();
  await Promise.all(
    [...groups].map(async (groupId) => {
      const asking = client.withDeadline(Date.now() + ANSWER_LIMIT_MS, () => isGroupUnderWay(client, groupId));
      const answer = await within(
        ANSWER_LIMIT_MS,
        asking.catch(() => false),
      );
      if (answer === true) underWay.add(groupId);
    }),
  );
  return due.filter(({ groupId }) => groupId === null || !underWay.has(groupId));
}
