/**
 * A batch of transfers: all debits in the order of the items, then all credits, shard by shard and chunk by chunk. A chunk
 * finishes as soon as every shard has answered its credits, while other chunks are still being credited.
 *
 *   debits of every chunk ──▶ credits of a chunk ──▶ its items are COMPLETED
 *      │                         └── but for those not credited ──▶ cancel their credits ──▶ undo their debits ──▶ FAILED
 *      └── timed out or canceled: the same for every item of the chunks not finished ──▶ FAILED | CANCELED | COMPLETED
 *
 * As for a transfer, the fences decide, item by item, and this code adopts their decisions. Activities name items by their
 * places (domain/index-set.ts), so that the history stays small.
 */
import { allHandlersFinished, CancellationScope, condition, log, setCurrentDetails } from '@temporalio/workflow';
import type { BatchAbandonReason, BatchEnds, BatchProgress, LegAnswers } from '../../domain/transfer/batch.ts';
import { formatIndexes, parseIndexes } from '../../domain/index-set.ts';
import { walletTaskQueue } from '../../domain/routing.ts';
import {
  endOfLeg,
  type LegAnswer,
  type TransferEnd,
  type TransferFailureReason,
} from '../../domain/transfer/transfer.ts';
import { TRANSFER_TASK_QUEUE, type BatchInput } from './messages.ts';
import { attentionReason, showAttention, showAttentionOver, showStatus } from '../progress.ts';
import { receiveRetries } from '../retries.ts';
import { createSteps, type Step } from '../steps.ts';

/** How many items one operation of a shard moves; the operation has to end well within a statement's time-out. */
const CHUNK_ITEMS = 5_000;
/** How many items one operation compensates: a refund is made item by item, and takes several times as long as a debit. */
const COMPENSATION_ITEMS = 1_000;

type Answer = LegAnswer<TransferFailureReason>;

/** Consecutive items, and how far they are. */
interface Chunk {
  readonly indexes: readonly number[];
  /** The places in `indexes` that a shard has refused. */
  readonly refused: Set<number>;
  /** How many shards have not yet answered this chunk's credits. */
  creditsOpen: number;
  isFinished: boolean;
}

/** Ends Completed in Temporal's sense, whatever the items' ends, unless the batch has no row any more (MovementMissing). */
export async function transferBatch(input: BatchInput): Promise<BatchProgress> {
  const { batchId, trace, itemCount, walletShardCount } = input;
  const steps = createSteps(input);
  const untilDeadlineMs = Math.max(input.deadlineMs - Date.now(), 0);
  const chunks = chunksOf(itemCount, walletShardCount);
  const finishing: Promise<void>[] = [];
  let progress: BatchProgress = { status: 'PROCESSING', completed: 0, failed: 0 };
  let wasStuck = false;
  const untilHurried = receiveRetries(() => wasStuck);
  let reason: BatchAbandonReason = 'debit_refused';
  try {
    await CancellationScope.withTimeout(untilDeadlineMs, async () => {
      await inEveryShard(debitChunks);
      await inEveryShard(creditChunks);
    });
  } catch (error) {
    reason = CancellationScope.current().consideredCancelled ? 'canceled' : 'timed_out';
    log.info('batch given up', { batch_id: batchId, reason, cause: String(error) });
  } finally {
    await CancellationScope.nonCancellable(async () => {
      await Promise.all(finishing);
      for (const chunk of chunks) if (!chunk.isFinished) await finish(chunk);
    });
  }

  // A cancel request comes too late now; in a canceled root scope, even waiting for the handlers would throw.
  return CancellationScope.nonCancellable(async () => {
    showStatus('COMPLETED');
    if (wasStuck) showAttentionOver();
    await condition(allHandlersFinished);
    return progress;
  });

  /** Debits one chunk after the other, so that the items which overdraw a wallet fail in order. */
  async function debitChunks(shard: number): Promise<void> {
    for (const { indexes, refused } of chunks) {
      const answers = await inShard(steps.run, 'debitBatch', shard, indexes);
      for (const index of answers.keys()) refused.add(index);
    }
  }

  async function creditChunks(shard: number): Promise<void> {
    for (const chunk of chunks) {
      const debited = chunk.indexes.filter((index) => !chunk.refused.has(index));
      const answers = await inShard(steps.run, 'creditBatch', shard, debited);
      for (const index of answers.keys()) chunk.refused.add(index);
      chunk.creditsOpen -= 1;
      if (chunk.creditsOpen === 0) finishing.push(CancellationScope.nonCancellable(() => finish(chunk)));
    }
  }

  /** Compensates the items of a chunk that are not known to be credited, then writes how every item has ended. */
  async function finish(chunk: Chunk): Promise<void> {
    const undone = chunk.creditsOpen === 0 ? chunk.indexes.filter((index) => chunk.refused.has(index)) : chunk.indexes;
    const ends = await compensate(undone.slice(0, COMPENSATION_ITEMS), reason);
    for (let first = COMPENSATION_ITEMS; first < undone.length; first += COMPENSATION_ITEMS)
      ends.push(...(await compensate(undone.slice(first, first + COMPENSATION_ITEMS), reason)));
    const reached = await steps.run('recordBatchEnds', TRANSFER_TASK_QUEUE, {
      batchId,
      places: formatIndexes(chunk.indexes),
      ends,
      trace,
    });
    chunk.isFinished = true;
    if (reached.completed + reached.failed > progress.completed + progress.failed) progress = reached;
    setCurrentDetails(`${progress.completed + progress.failed} of ${itemCount} items have ended`);
  }

  /** As for a transfer: cancels the credits first, then undoes the debits of the items whose credit will never happen. */
  async function compensate(undone: readonly number[], why: BatchAbandonReason): Promise<BatchEnds[]> {
    const runUntilDone = steps.runUntilDone({ onStuck: showStuck, untilHurried });
    const credits = await inShards(runUntilDone, 'cancelBatchCredits', undone, why);
    const unpaid = undone.filter((index) => credits.get(index)?.outcome !== 'applied');
    const isOther = (index: number): boolean => {
      const credit = credits.get(index);
      return credit?.outcome === 'rejected' && credit.reason === 'terms_conflict';
    };
    const own = await inShards(
      runUntilDone,
      'refundBatch',
      unpaid.filter((index) => !isOther(index)),
      why,
    );
    const others = await inShards(runUntilDone, 'refundBatch', unpaid.filter(isOther), why, { isOtherCredited: true });
    const debits = new Map([...own, ...others]);
    return endsOf(unpaid, (index) => {
      const debit = debits.get(index);
      const leg = debit?.outcome === 'rejected' ? debit : credits.get(index);
      return endOfLeg(leg === undefined || leg.outcome === 'applied' ? { outcome: 'canceled', reason: why } : leg);
    });
  }

  async function inEveryShard<T>(work: (shard: number) => Promise<T>): Promise<T[]> {
    return Promise.all(Array.from({ length: walletShardCount }, (_, shard) => work(shard)));
  }

  async function inShards(
    step: Step,
    name: 'cancelBatchCredits' | 'refundBatch',
    indexes: readonly number[],
    why: BatchAbandonReason,
    more: { isOtherCredited?: boolean } = {},
  ): Promise<Map<number, Answer>> {
    const answers = await inEveryShard((shard) => inShard(step, name, shard, indexes, why, more));
    return new Map(answers.flatMap((of) => [...of]));
  }

  /** Calls one shard for these items. Returns the answers of the items that did not go as asked, by their places. */
  async function inShard(
    step: Step,
    name: 'debitBatch' | 'creditBatch' | 'cancelBatchCredits' | 'refundBatch',
    shard: number,
    indexes: readonly number[],
    why: BatchAbandonReason = 'debit_refused',
    more: { isOtherCredited?: boolean } = {},
  ): Promise<Map<number, Answer>> {
    if (indexes.length === 0) return new Map();
    const places = formatIndexes(indexes);
    const common = { batchId, places, shard, shardCount: walletShardCount, trace };
    const answers: readonly LegAnswers<TransferFailureReason>[] = await step(name, walletTaskQueue(shard), {
      ...common,
      ...more,
      reason: why,
    });
    return new Map(answers.flatMap(({ places: at, answer }) => parseIndexes(at).map((index) => [index, answer])));
  }

  async function showStuck(step: Parameters<Step>[0], error: string): Promise<void> {
    wasStuck = true;
    showAttention(step, error);
    await steps.run('recordBatchAttention', TRANSFER_TASK_QUEUE, { batchId, reason: attentionReason(step), error });
  }
}

function chunksOf(itemCount: number, shardCount: number): Chunk[] {
  return Array.from({ length: Math.ceil(itemCount / CHUNK_ITEMS) }, (_, n) => ({
    indexes: Array.from(
      { length: Math.min(CHUNK_ITEMS, itemCount - n * CHUNK_ITEMS) },
      (_each, m) => n * CHUNK_ITEMS + m,
    ),
    refused: new Set(),
    creditsOpen: shardCount,
    isFinished: false,
  }));
}

/** Groups the items that end alike. */
function endsOf(indexes: readonly number[], endOf: (index: number) => TransferEnd): BatchEnds[] {
  const groups = new Map<string, { end: TransferEnd; indexes: number[] }>();
  for (const index of indexes) {
    const end = endOf(index);
    const key = JSON.stringify(end);
    const group = groups.get(key) ?? { end, indexes: [] };
    groups.set(key, group);
    group.indexes.push(index);
  }
  return [...groups.values()].map(({ end, indexes: at }) => ({ places: formatIndexes(at), end }));
}
