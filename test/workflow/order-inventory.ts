/** The inventory of one order for workflow tests: the rules of its fences over maps. */
import type { Issued, InventoryOperations, Reserved } from '../../domain/inventory/operations.ts';
import type { Line, OrderStatus, OrderTerms } from '../../domain/order/order.ts';

export interface InventorySurroundings {
  /** On the shelf of each SKU at first. */
  readonly onHand: number;
  readonly clockAheadMs: number;
  readonly nowMs: () => Promise<number>;
  /** Notes a breach of the saga's rules. */
  readonly check: (isRight: boolean, what: string) => void;
  readonly statusOf: () => OrderStatus;
}

export function createOrderInventory(
  terms: OrderTerms,
  { onHand, clockAheadMs, nowMs, check, statusOf }: InventorySurroundings,
) {
  const stock = new Map(terms.lines.map(({ sku }) => [sku, { onHand, reserved: 0 }]));
  let reserved: Reserved | undefined;
  const goods = new Map<number, Issued>();
  const takenBack = new Set<string>();
  const consignmentsOf = () => (reserved?.outcome === 'reserved' ? reserved.consignments : []);
  const move = (lines: readonly Line[], byShelf: 1 | 0 | -1, byReserved: 1 | 0 | -1): void => {
    for (const { sku, quantity } of lines) {
      const row = stock.get(sku)!;
      row.onHand += byShelf * quantity;
      row.reserved += byReserved * quantity;
      check(row.reserved >= 0 && row.reserved <= row.onHand, `${sku}: ${row.reserved} of ${row.onHand} are reserved`);
    }
  };
  const decideGoods = (n: number, decision: Issued): Issued => {
    const before = goods.get(n);
    if (before !== undefined) return before;
    const part = consignmentsOf().find((each) => each.n === n);
    if (part === undefined) throw new Error(`nothing is reserved for consignment ${n}`);
    goods.set(n, decision);
    move(part.lines, decision.outcome === 'issued' ? -1 : 0, -1);
    return decision;
  };
  const release = (n: number) => decideGoods(n, { outcome: 'released', reason: 'released' }).outcome;
  const isIssued = (n: number): boolean => goods.get(n)?.outcome === 'issued';

  const inventory: InventoryOperations = {
    reserve: async ({ lines, allowSplit }) => {
      const decided = [...goods.values()].map(({ outcome }) => outcome);
      if (decided.includes('released') && !decided.includes('issued')) return { outcome: 'undone' };
      if (reserved?.outcome === 'reserved' && decided.includes('issued')) return { ...reserved, hasLeft: true };
      if (reserved !== undefined) return reserved;
      const skus = lines.filter(({ sku, quantity }) => quantity > stock.get(sku)!.onHand).map(({ sku }) => sku);
      if (skus.length > 0) return (reserved = { outcome: 'refused', reason: 'out_of_stock', skus });
      move(lines, 0, 1);
      const parts = allowSplit ? lines.map((line) => [line]) : [lines];
      return (reserved = {
        outcome: 'reserved',
        consignments: parts.map((each, index) => ({ n: index + 1, lines: each })),
      });
    },
    issue: async ({ n, holdExpiresAtMs, marginSeconds, carrierReference }) => {
      check(statusOf() === 'CONFIRMED', `goods are issued for an order that is ${statusOf()}`);
      if (!goods.has(n) && !consignmentsOf().some((part) => part.n === n))
        goods.set(n, { outcome: 'released', reason: 'released' });
      const isTooLate = (await nowMs()) + clockAheadMs > holdExpiresAtMs - marginSeconds * 1_000;
      return decideGoods(
        n,
        isTooLate ? { outcome: 'released', reason: 'hold_expiring' } : { outcome: 'issued', carrierReference },
      );
    },
    adoptIssued: async ({ n, lines, carrierReference }) => {
      if (!goods.has(n) && !consignmentsOf().some((part) => part.n === n)) {
        reserved = { outcome: 'reserved', consignments: [...consignmentsOf(), { n, lines }] };
        move(lines, 0, 1);
      }
      return { outcome: decideGoods(n, { outcome: 'issued', carrierReference }).outcome };
    },
    release: async ({ n }) => {
      if (!consignmentsOf().some((part) => part.n === n)) goods.set(n, { outcome: 'released', reason: 'released' });
      return { outcome: release(n) };
    },
    releaseOrder: async () => {
      reserved ??= { outcome: 'undone' };
      if (reserved.outcome !== 'reserved') return { outcome: 'never_reserved' };
      return {
        outcome: 'answered',
        consignments: reserved.consignments.map((part) => ({ ...part, goods: release(part.n) })),
      };
    },
    goodsOf: async () => [...goods].map(([n, decided]) => ({ n, decided })),
    takeBack: async (input) => {
      if (takenBack.has(input.returnId)) return;
      takenBack.add(input.returnId);
      move(
        input.lines.filter(({ disposition }) => disposition === 'restock'),
        1,
        0,
      );
    },
  };
  /** Its database is restored from before the goods were decided; with `isUnreserved`, from before they were reserved. */
  const restore = (isUnreserved = false): void => {
    for (const part of consignmentsOf()) {
      const decided = goods.get(part.n);
      move(part.lines, decided?.outcome === 'issued' ? 1 : 0, decided === undefined ? 0 : 1);
      if (isUnreserved) move(part.lines, 0, -1);
    }
    goods.clear();
    if (isUnreserved) reserved = undefined;
  };
  return { stock, goods, consignmentsOf, isIssued, inventory, restore };
}
