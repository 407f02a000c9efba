/**
 * The services' group activities for workflow tests: the fences' rules over maps, transfer by transfer, with faults on request.
 * The senders are dealt to the shards in turn, and each receiver is in the shard after its sender's.
 */
import type { GroupTransferActivities } from '../../activities/transfer/group.ts';
import { createTransferGroupAtOnce } from '../../activities/transfer-group-at-once.ts';
import type { GroupWalletActivities, ShardOfGroup } from '../../activities/wallet/group.ts';
import type { TransferId } from '../../domain/ids.ts';
import { formatIndexes } from '../../domain/index-set.ts';
import type { FakeServices } from './services.ts';

type Activities = GroupWalletActivities & GroupTransferActivities;
export type GroupActivityName = keyof Activities;
type Leg = 'debit' | 'credit';

export interface FakeGroupServices {
  /** For withWorkers. */
  readonly services: FakeServices;
  /** The transfers whose leg is applied. */
  readonly applied: Record<Leg, Set<TransferId>>;
  readonly completed: Set<TransferId>;
  /** The transfers that have a workflow of their own. */
  readonly startedAlone: Set<TransferId>;
  /** Every attempt, in order, with the shard that it was for. */
  readonly attempts: string[];
}

export interface GroupFaults {
  readonly shardCount?: number;
  readonly refuse?: (leg: Leg, id: TransferId) => boolean;
  /** Called before an attempt takes effect; throws to make it fail. */
  readonly before?: (name: GroupActivityName, shard: number | undefined) => Promise<void> | void;
  /** Called after an attempt took effect, before it is acknowledged. */
  readonly after?: (name: GroupActivityName, shard: number | undefined) => Promise<void> | void;
}

export function createGroupServices(
  ids: readonly TransferId[],
  { shardCount = 2, refuse, before, after }: GroupFaults = {},
): FakeGroupServices {
  const applied = { debit: new Set<TransferId>(), credit: new Set<TransferId>() };
  const completed = new Set<TransferId>();
  const startedAlone = new Set<TransferId>();
  const attempts: string[] = [];
  const shardOf = (leg: Leg, id: TransferId): number => (ids.indexOf(id) + (leg === 'debit' ? 0 : 1)) % shardCount;

  const move =
    (leg: Leg) =>
    async ({ transferIds, shard }: ShardOfGroup): Promise<string> => {
      const own = transferIds.filter((id) => shardOf(leg, id) === shard && !completed.has(id));
      const early = leg === 'credit' ? own.find((id) => !applied.debit.has(id)) : undefined;
      if (early !== undefined) throw new Error(`${early} is credited and was not debited`);
      for (const id of own) if (refuse?.(leg, id) !== true) applied[leg].add(id);
      return formatIndexes(transferIds.flatMap((id, place) => (own.includes(id) && applied[leg].has(id) ? place : [])));
    };
  const effects: Activities = {
    debitGroup: move('debit'),
    creditGroup: move('credit'),
    recordGroupEnds: async ({ transferIds }) => {
      const early = transferIds.find((id) => !applied.credit.has(id));
      if (early !== undefined) throw new Error(`${early} is completed and was not credited`);
      for (const id of transferIds) completed.add(id);
      return formatIndexes(transferIds.map((_, place) => place));
    },
    startOneByOne: async ({ transferIds }) => {
      for (const id of transferIds) if (!completed.has(id)) startedAlone.add(id);
    },
  };

  const withFaults = (name: GroupActivityName) => async (input: never) => {
    const { shard } = input as { shard?: number };
    attempts.push(shard === undefined ? name : `${name} ${shard}`);
    await before?.(name, shard);
    const answer = await (effects[name] as (input: never) => Promise<unknown>)(input);
    await after?.(name, shard);
    return answer;
  };
  const activities = Object.fromEntries(
    Object.keys(effects).map((name) => [name, withFaults(name as GroupActivityName)]),
  ) as unknown as Activities;
  const atOnce = createTransferGroupAtOnce(activities);
  return {
    services: { activities: { ...activities, ...atOnce } } as unknown as FakeServices,
    applied,
    completed,
    startedAlone,
    attempts,
  };
}
