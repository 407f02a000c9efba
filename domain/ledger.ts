/**
 * What the reconciliation asks of the wallet service, as a port: a function over the shards' databases where they are in
 * the same process, a call of the wallet API where they are not. It only reads, and each answer is bounded.
 */
import type { Cursor, Window } from './transfer/reconciliation.ts';
import type { Moved } from './transfer/settlement.ts';

export interface LedgerPage {
  readonly shard: number;
  readonly window: Window;
  readonly after?: Cursor | undefined;
}

export interface Ledger {
  readonly shardCount: number;
  /** A shard's own clock, in milliseconds since 1970. */
  readonly clock: (shard: number) => Promise<number>;
  /** Whether a shard still has the leg that it is known to have decided, and which it has decided last. */
  readonly watermark: (
    shard: number,
    known: Watermark | null,
  ) => Promise<{ isKnownThere: boolean; newest: Watermark | null }>;
  /** The movements that a shard has decided a leg of, by its fences. */
  readonly fences: (page: LedgerPage) => Promise<{ movements: string[]; next: Cursor | null }>;
  /**
   * The entries that a shard has written, each held against the one before it in its wallet: which wallets' entries or
   * balances are not what they should be, and which movements have an entry but no fence.
   */
  readonly entries: (
    page: LedgerPage,
  ) => Promise<{ checked: number; wallets: string[]; movements: string[]; next: Cursor | null }>;
  /** The wallets of a shard that follow `after` in the order of their ids: those whose balance is not its last entry's. */
  readonly wallets: (slice: {
    shard: number;
    after: string | null;
    limit: number;
  }) => Promise<{ checked: number; wallets: string[]; next: string | null }>;
  /** What every shard did for these movements, at most MOVEMENTS_MAX; nothing of those that no shard knows. */
  readonly movements: (ids: readonly string[]) => Promise<Map<string, Moved>>;
  /** What is wrong about a wallet, by all of its entries, in a sentence that stays the same while it is not repaired. */
  readonly walletProblem: (walletId: string) => Promise<string | undefined>;
}

/** A leg that a shard has decided: what is there while it is, and everything that was decided before. */
export interface Watermark {
  readonly movement: string;
  readonly leg: string;
  /** By the shard's clock, in milliseconds since 1970. A leg that a restored shard decides anew bears another time. */
  readonly decidedAtMs: number;
}

export const MOVEMENTS_MAX = 500;
