/**
 * What the wallet service lets others see of all of its shards, as a port: a function over the shards' databases if they are in the
 * same process, else calls of the wallet API. It only reads, and each answer is bounded.
 */
import type { Found } from '../found.ts';
import type { Tenant } from '../tenant.ts';
import type { WalletId } from '../ids.ts';

export interface CurrencyTotal {
  readonly currency: string;
  /** All that has come in from outside and not left: what users have, what is held, and what is on its way. Decimal string. */
  readonly total: string;
}

/** The decision about one leg of a movement. */
export interface SeenFence {
  readonly shard: number;
  readonly movement_id: string;
  readonly leg: 'debit' | 'credit' | 'refund' | 'release' | 'advance' | 'deposit' | 'withdrawal';
  readonly outcome: 'applied' | 'rejected' | 'canceled';
  readonly reason: string | null;
  readonly is_hold: boolean;
  readonly wallet_id: string;
  readonly currency: string;
  readonly amount: string;
  readonly at: string;
}

export interface SeenEntry {
  readonly shard: number;
  readonly movement_id: string;
  /** Null for the external wallet, which nobody may see. */
  readonly wallet_id: string | null;
  readonly kind: 'user' | 'external';
  readonly type: 'DEBIT' | 'CREDIT' | 'REFUND';
  readonly amount: string;
  readonly currency: string;
  readonly sequence: number;
  readonly at: string;
}

export interface SeenLegs {
  /** The oldest first. */
  readonly fences: readonly SeenFence[];
  readonly entries: readonly SeenEntry[];
  /** The shards that have answered, and those that have not. */
  readonly shards: readonly { readonly shard: number; readonly state: 'ok' | 'unavailable' }[];
}

export interface WalletSight {
  readonly totals: (tenant: Tenant) => Promise<readonly CurrencyTotal[]>;
  /**
   * What the shards of these wallets, or all, have decided and written of these movements, at most SEEN_MOVEMENTS_MAX. The caller has
   * made sure that they are the tenant's.
   */
  readonly legs: (movementIds: readonly string[], walletIds?: readonly WalletId[]) => Promise<SeenLegs>;
  /** The users' wallets of an id, and those of a user, FOUND_MAX of them and one more if there are more. */
  readonly find: {
    readonly byId: (tenant: Tenant, id: string) => Promise<Found[]>;
    readonly byUser: (tenant: Tenant, userId: string) => Promise<Found[]>;
  };
}

export const SEEN_MOVEMENTS_MAX = 50;
