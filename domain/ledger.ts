/**
 * The reconciliation's questions to the wallet service, as a port: a function over the shards' databases if they are in the same
 * process, else a call of the wallet API. It only reads, and each answer is bounded.
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
  /** Whether a shard still has the leg that it is known to have decided, and which leg it has decided last. */
  readonly watermark: (
    shard: number,
    known: Watermark | null,
  ) => Promise<{ isKnownThere: boolean; newest: Watermark | null }>;
  /** The movements of which a shard has decided a leg, by its fences. */
  readonly fences: (page: LedgerPage) => Promise<{ movements: string[]; next: Cursor | null }>;
  /**
   * The entries that a shard has written, each compared with the one before it in its wallet: names the wallets whose entries or
   * balances are not what they should be, and the movements that have an entry but no fence.
   */
  readonly entries: (
    page: LedgerPage,
  ) => Promise<{ checked: number; wallets: string[]; movements: string[]; next: Cursor | null }>;
  /**
   * Checks the wallets of a shard that follow `after` in the order of their ids; names those whose balance is not that of their
   * last entry.
   */
  readonly wallets: (slice: {
    shard: number;
    after: string | null;
    limit: number;
  }) => Promise<{ checked: number; wallets: string[]; next: string | null }>;
  /** The sum of all balances of a shard in each currency, external wallets included. Reads every wallet of the shard. */
  readonly totals: (shard: number) => Promise<{ currency: string; balance: string }[]>;
  /** What every shard did for these movements, at most MOVEMENTS_MAX; movements that no shard knows are left out. */
  readonly movements: (ids: readonly string[]) => Promise<Map<string, Moved>>;
  /** The problem of a wallet, judged by all of its entries, in a sentence that stays the same while it is not repaired. */
  readonly walletProblem: (walletId: string) => Promise<string | undefined>;
}

/** A leg that a shard has decided. While the shard has this leg, it also has every leg that was decided before. */
export interface Watermark {
  readonly movement: string;
  readonly leg: string;
  /** By the shard's clock, in milliseconds since 1970. A leg that a restored shard decides anew bears another time. */
  readonly decidedAtMs: number;
}

export const MOVEMENTS_MAX = 500;
