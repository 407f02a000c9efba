/**
 * A group of transfers: one attempt to bring all of them to their end, together. Each that is not known to have ended after it,
 * whatever the reason, goes on as a workflow of its own (direct.ts), which asks the fences how far the group has brought it.
 *
 *   debits in every shard ──▶ credits of the debited, in every shard ──▶ the credited are COMPLETED
 *                    └── refused, failed, or not answered in time ──┴──▶ start the others one by one
 *
 * Nobody asks a group anything: a cancel request is for the workflow of the transfer itself.
 */
import { ActivityFailure, CancellationScope, log, TimeoutFailure } from '@temporalio/workflow';
import { parseIndexes } from '../../domain/index-set.ts';
import type { TransferId } from '../../domain/ids.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import { createSteps } from '../steps.ts';
import { TRANSFER_TASK_QUEUE, type GroupInput, type GroupOutcome } from './messages.ts';

/** How long the start of the others may take before it is left to the sweep. */
const STARTS_LIMIT_MS = 60_000;

/** Ends Completed in Temporal's sense, whatever became of the transfers; their rows tell that. */
export async function transferGroup(input: GroupInput): Promise<GroupOutcome> {
  const { groupId, transferIds, walletShardCount } = input;
  const steps = createSteps(input);
  let ended: readonly TransferId[] = [];
  try {
    ended = input.dispatch === 'local' ? await atOnce() : await legByLeg();
  } catch (error) {
    log.info('group given up', { group_id: groupId, cause: String(error) });
  }
  const known = new Set(ended);
  const others = transferIds.filter((id) => !known.has(id));
  if (others.length > 0)
    await CancellationScope.nonCancellable(() =>
      // The sweep starts whatever is not started here.
      steps
        .run('startOneByOne', TRANSFER_TASK_QUEUE, { transferIds: others }, STARTS_LIMIT_MS)
        .catch((error: unknown) =>
          log.warn('transfers of a group are left to the sweep', { group_id: groupId, cause: String(error) }),
        ),
    );
  return { ended: ended.length, oneByOne: others.length };

  async function atOnce(): Promise<TransferId[]> {
    const attempt = await steps.attempt('transferGroupAtOnce', { groupId, transferIds, shardCount: walletShardCount });
    return at(transferIds, attempt?.answer ?? '');
  }

  async function legByLeg(): Promise<TransferId[]> {
    const shards = Array.from({ length: walletShardCount }, (_, shard) => shard);
    const silent = new Set<number>();
    const debited = await inShards('debitGroup', shards, transferIds, silent);
    const debitedAtMs = Date.now();
    // One that was silent would be waited for once more.
    const answering = shards.filter((shard) => !silent.has(shard));
    const credited = await inShards('creditGroup', answering, debited, silent);
    const asked = { groupId, transferIds: credited, debitedAtMs };
    return credited.length === 0 ? [] : at(credited, await steps.once('recordGroupEnds', TRANSFER_TASK_QUEUE, asked));
  }

  /**
   * Asks these shards for the leg of those of these transfers that are their own. Returns those whose leg is applied, and adds to
   * `silent` the shards that have not answered in time.
   */
  async function inShards(
    name: 'debitGroup' | 'creditGroup',
    shards: readonly number[],
    ids: readonly TransferId[],
    silent: Set<number>,
  ): Promise<TransferId[]> {
    if (ids.length === 0) return [];
    const answers = await Promise.all(
      shards.map((shard) =>
        steps
          .once(name, walletTaskQueue(shard), { groupId, transferIds: ids, shard, shardCount: walletShardCount })
          .catch((error: unknown) => {
            // Its transfers go on one by one, those of the other shards in the group.
            if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) silent.add(shard);
            return '';
          }),
      ),
    );
    const applied = new Set(answers.flatMap(parseIndexes));
    return ids.filter((_, place) => applied.has(place));
  }
}

function at(ids: readonly TransferId[], places: string): TransferId[] {
  return parseIndexes(places).map((place) => ids[place]!);
}
