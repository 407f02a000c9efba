/**
 * The wallet service's activities for batches: one leg of many items, in one operation of one shard, fenced item by item, so that
 * each may be repeated at any time. The items are read from the service that owns them, so none passes through a workflow; the
 * results name only the items that did not go as asked.
 */
import type { Database } from '../../db/database.ts';
import * as wallet from '../../db/wallet/batch-queries.ts';
import type {
  BatchAbandonReason,
  BatchLegs,
  BatchSide,
  CreditAnswers,
  DebitAnswers,
  LegAnswers,
  ReadBatchLegs,
} from '../../domain/transfer/batch.ts';
import type { BatchId, WalletId } from '../../domain/ids.ts';
import { formatIndexes, parseIndexes } from '../../domain/index-set.ts';
import { bucketRange } from '../../domain/routing.ts';
import type { TraceContext } from '../../domain/trace-context.ts';
import type { LegAnswer } from '../../domain/transfer/transfer.ts';
import { createShardTurns, lineKey } from './turns.ts';

interface ShardOfBatch {
  readonly batchId: BatchId;
  /** The places of the items; the activity moves those whose wallet is in the shard. */
  readonly places: string;
  readonly shard: number;
  readonly shardCount: number;
  readonly trace: TraceContext;
  /** The hash (hex) of the batch's body that its workflow was started for. */
  readonly bodyHash?: string;
}
/** Longer than another batch usually holds the wallets that both move, half as long as an operation waits for a lock. */
const STUCK_AFTER_MS = 1_500;

type Abandoned = ShardOfBatch & { readonly reason: BatchAbandonReason };

export type BatchWalletActivities = ReturnType<typeof createBatchWalletActivities>;

/**
 * `databaseOf` returns a shard's database: the only one of a shard's own worker, or one of all. Batches of a shard take turns. A
 * batch that would lock a wallet at which no operation succeeds is not begun: it would wait with all its other wallets locked.
 */
export function createBatchWalletActivities(
  databaseOf: (shard: number) => Database,
  readLegs: ReadBatchLegs,
  turnsOf = createShardTurns(),
) {
  const inTurn = <T>(
    shard: number,
    { tenant }: BatchLegs,
    walletIds: readonly WalletId[],
    operation: (database: Database) => Promise<T>,
  ): Promise<T> => {
    const database = databaseOf(shard);
    const { batch, single } = turnsOf(database);
    return batch.at(['batches'], () => {
      for (const walletId of walletIds) single.assertMoves(lineKey({ tenant }, walletId), STUCK_AFTER_MS);
      return operation(database);
    });
  };
  const legsOf = async (side: BatchSide, input: ShardOfBatch): Promise<BatchLegs> => {
    const { batchId, places, shard, shardCount, bodyHash } = input;
    const { first: firstBucket, last: lastBucket } = bucketRange(shard, shardCount);
    const legs = await readLegs({ batchId, side, places, firstBucket, lastBucket, bodyHash });
    assertComplete(legs, places, batchId);
    return legs;
  };

  return {
    /** Takes the items' amounts out of their senders' wallets, in their order; returns the items that were not debited. */
    debitBatch: async (input: ShardOfBatch): Promise<DebitAnswers> => {
      const legs = await legsOf('sender', input);
      return grouped(
        legs,
        await inTurn(input.shard, legs, legs.walletIds, (shard) => wallet.debitBatch(shard, legs, input.trace)),
      );
    },

    /** Puts the items' amounts into their receivers' wallets; returns the items that were not credited. */
    creditBatch: async (input: ShardOfBatch): Promise<CreditAnswers> => {
      const legs = await legsOf('receiver', input);
      return grouped(
        legs,
        await inTurn(input.shard, legs, legs.walletIds, (shard) => wallet.creditBatch(shard, legs, input.trace)),
      );
    },

    /** Makes sure that the items' credits never happen; returns the items whose credit is not canceled for this reason. */
    cancelBatchCredits: async (input: Abandoned): Promise<CreditAnswers> => {
      const legs = await legsOf('receiver', input);
      return grouped(legs, await wallet.cancelBatchCredits(databaseOf(input.shard), legs, input.reason));
    },

    /**
     * Undoes the items' debits, whatever became of them; returns the items whose debit had not been applied. Where none was, it locks
     * no wallet and takes no turn, as the refund of a single transfer.
     */
    refundBatch: async (input: Abandoned & { isOtherCredited?: boolean }): Promise<DebitAnswers> => {
      const legs = await legsOf('sender', input);
      const give = (shard: Database) =>
        wallet.refundBatch(shard, legs, input.reason, input.trace, input.isOtherCredited);
      const database = databaseOf(input.shard);
      const debited = await wallet.debitedWallets(database, legs);
      return grouped(legs, await (debited.length === 0 ? give(database) : inTurn(input.shard, legs, debited, give)));
    },
  };
}

/** Throws unless all items were read: the result names only exceptions, so an unread item would pass for one that went as asked. */
function assertComplete(legs: BatchLegs, places: string, batchId: BatchId): void {
  const asked = parseIndexes(places);
  const { indexes, transferIds, walletIds, currencies, amounts, elsewhere } = legs;
  const isComplete =
    [transferIds, walletIds, currencies, amounts].every((column) => column.length === indexes.length) &&
    indexes.length + elsewhere === asked.length;
  if (!isComplete)
    throw new Error(
      `of ${asked.length} items of batch ${batchId}, ${indexes.length} were read and ${elsewhere} said to be of other shards`,
    );
}

/** Groups the items with the same answer, in the order of the first item of each group. */
function grouped<Refusal extends string>(
  legs: BatchLegs,
  answers: ReadonlyMap<string, LegAnswer<Refusal>>,
): LegAnswers<Refusal>[] {
  const groups = new Map<string, { answer: LegAnswer<Refusal>; indexes: number[] }>();
  for (const [at, transferId] of legs.transferIds.entries()) {
    const answer = answers.get(transferId);
    if (answer === undefined) continue;
    const key = JSON.stringify(answer);
    const group = groups.get(key) ?? { answer, indexes: [] };
    groups.set(key, group);
    group.indexes.push(legs.indexes[at]!);
  }
  return [...groups.values()].map(({ answer, indexes }) => ({ places: formatIndexes(indexes), answer }));
}
