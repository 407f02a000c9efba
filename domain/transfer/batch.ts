/**
 * A batch: up to ten thousand transfers that one request asks for and one workflow moves, many at a time. Its items are transfers;
 * this file has the messages that name many of them together. Pure.
 */
import type { Currency } from '../currency.ts';
import type { BatchId, TransferId, WalletId } from '../ids.ts';
import type { OfTenant } from '../tenant.ts';
import type { AbandonReason, CreditRefusal, DebitRefusal, LegAnswer, TransferEnd } from './transfer.ts';

export const BATCH_STATUSES = ['AWAITING_APPROVAL', 'PROCESSING', 'COMPLETED', 'CANCELED'] as const;
/**
 * COMPLETED once no item is pending, whatever became of each. AWAITING_APPROVAL and CANCELED, where the approval was not given, have no
 * item that is a transfer.
 */
export type BatchStatus = (typeof BATCH_STATUSES)[number];

export const BATCH_ITEMS_MAX = 10_000;

/** Which side of a transfer moves: its debit takes from the sender, its credit gives to the receiver. */
export const BATCH_SIDES = ['sender', 'receiver'] as const;
export type BatchSide = (typeof BATCH_SIDES)[number];

/** One side of some items of a batch, column by column, in the order of their places. */
export interface BatchLegs extends OfTenant {
  /** From 0. */
  readonly indexes: readonly number[];
  readonly transferIds: readonly TransferId[];
  readonly walletIds: readonly WalletId[];
  readonly currencies: readonly Currency[];
  /** Canonical decimal strings, see money.ts. */
  readonly amounts: readonly string[];
  /** The wallets on the other side. An API of the version before does not send them. */
  readonly counterpartyIds?: readonly WalletId[];
  /** How many of the items that were asked for have their wallet in other buckets. With the items here, that makes all. */
  readonly elsewhere: number;
}

/** Which items of a batch: those at these places, see index-set.ts, whose wallet on this side is in these buckets. */
export interface BatchLegsQuery {
  readonly batchId: BatchId;
  readonly side: BatchSide;
  readonly places: string;
  /** Both included, see routing.ts. */
  readonly firstBucket: number;
  readonly lastBucket: number;
  /** The hash (hex) of the body that the batch is moved for: nothing is read if the batch has another body. */
  readonly bodyHash?: string | undefined;
}

/** Reads items of a batch from the service that owns them: a call within one process, or across the network. */
export type ReadBatchLegs = (query: BatchLegsQuery) => Promise<BatchLegs>;

/** Items whose fences decided alike. Only items that did not go as asked are named, so the answers stay small. */
export interface LegAnswers<Refusal extends string> {
  readonly places: string;
  readonly answer: LegAnswer<Refusal>;
}
export type DebitAnswers = readonly LegAnswers<DebitRefusal>[];
export type CreditAnswers = readonly LegAnswers<CreditRefusal>[];

/** Items that end alike. */
export interface BatchEnds {
  readonly places: string;
  readonly end: TransferEnd;
}

/** The counts of a batch's items that have ended so far. */
export interface BatchProgress {
  readonly status: BatchStatus;
  readonly completed: number;
  /** The items that are FAILED or CANCELED. */
  readonly failed: number;
}

/** Why a batch's items are given up, as for a transfer. */
export type BatchAbandonReason = Exclude<AbandonReason, 'capture_expired'>;
