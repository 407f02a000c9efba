/**
 * The inventory's operations on an order, which its workflow calls as activities on the task queue `inventory`. Each is decided
 * once, by a fence; a repeat returns what was decided, and changes nothing.
 */
import type { OrderId, ReturnId } from '../ids.ts';
import type { Consignment, Line } from '../order/order.ts';
import type { OfTenant } from '../tenant.ts';
import type { TraceContext } from '../trace-context.ts';

interface OfOrder {
  readonly orderId: OrderId;
  readonly trace: TraceContext;
}

/** The stock is the tenant's. */
export interface ReserveInput extends OfOrder, OfTenant {
  /** Each SKU once. */
  readonly lines: readonly Line[];
  /** Whether each SKU becomes a consignment of its own, at most CONSIGNMENTS_MAX; otherwise there is one consignment. */
  readonly allowSplit: boolean;
}

/**
 * All lines are reserved, or none. `undone`: the order's release came first, or other lines were reserved for it, by a row that was
 * lost; nothing will ever be reserved for these.
 */
export type Reserved =
  /** `hasLeft`: a run before this one, of which the order's row knows nothing any more, has had goods leave. */
  | { readonly outcome: 'reserved'; readonly consignments: readonly Consignment[]; readonly hasLeft?: true }
  | { readonly outcome: 'refused'; readonly reason: 'out_of_stock'; readonly skus: readonly string[] }
  | { readonly outcome: 'undone' };

export interface IssueInput extends OfOrder {
  readonly n: number;
  /** When the hold that pays for the consignment expires, in milliseconds since 1970. */
  readonly holdExpiresAtMs: number;
  /** How long before that the goods may leave at the latest. */
  readonly marginSeconds: number;
  readonly carrierReference: string;
}

/**
 * The pivot: the consignment's goods leave, or they were or are given back. `hold_expiring`: by the database's clock the hold ends too
 * soon; the goods are given back in the same transaction.
 */
export type Issued =
  | { readonly outcome: 'issued'; readonly carrierReference: string }
  | { readonly outcome: 'released'; readonly reason: 'hold_expiring' | 'released' };

/** Goods that have left, by the order's row, although the inventory, restored from before, does not know it. */
export interface AdoptIssuedInput extends OfOrder, OfTenant, Consignment {
  readonly carrierReference: string;
}

export interface ReleaseInput extends OfOrder {
  readonly n: number;
  readonly reason: string;
}

/** The pivot's verdict on one consignment: `issued` stays, whatever is asked. */
export type Released = { readonly outcome: 'released' | 'issued' };

export interface ReleaseOrderInput extends OfOrder {
  readonly reason: string;
}

/**
 * The verdict on the whole order. `never_reserved`: and nothing will be. Otherwise each consignment of the split that had been
 * reserved, each asked as by `ReleaseInput`.
 */
export type ReleasedOrder =
  | { readonly outcome: 'never_reserved' }
  | {
      readonly outcome: 'answered';
      readonly consignments: readonly (Consignment & { readonly goods: 'released' | 'issued' })[];
    };

export interface TakeBackInput extends OfOrder, OfTenant {
  readonly returnId: ReturnId;
  /** `restock` puts the goods on the shelf again, `scrap` only notes them. */
  readonly lines: readonly (Line & { readonly disposition: 'restock' | 'scrap' })[];
}

/** What has been decided of an order's consignments; those that are undecided are left out. */
export type DecidedGoods = readonly { readonly n: number; readonly decided: Issued }[];

export interface InventoryOperations {
  readonly reserve: (input: ReserveInput) => Promise<Reserved>;
  readonly issue: (input: IssueInput) => Promise<Issued>;
  readonly release: (input: ReleaseInput) => Promise<Released>;
  readonly releaseOrder: (input: ReleaseOrderInput) => Promise<ReleasedOrder>;
  /** Decides nothing. */
  /** Takes the goods off the shelf, unless the pivot has decided otherwise. Throws as long as there are too few of them. */
  readonly adoptIssued: (input: AdoptIssuedInput) => Promise<Released>;
  readonly goodsOf: (input: OfOrder) => Promise<DecidedGoods>;
  readonly takeBack: (input: TakeBackInput) => Promise<void>;
}
