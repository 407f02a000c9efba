/**
 * The clients' memory of earlier answers: holds to decide, transfers to reverse or cancel, standing orders. Bounded, except for
 * the holds, each of which is decided before the run ends.
 */
import type { Answered, Entry, RecentMovement, Terms } from './book.ts';
import type { Draws } from './draws.ts';

export interface Hold {
  readonly id: string;
  readonly amount: string;
}

export interface Memory {
  readonly remember: (entry: Entry, answer: Answered) => void;
  /** Takes an undecided hold out of the memory. */
  readonly takeHold: (draws: Draws) => Hold | undefined;
  /** Puts back a hold that was not decided after all. */
  readonly putBack: (hold: Hold) => void;
  /** Returns a completed transfer with the amount that arrived. */
  readonly completed: (draws: Draws) => (Terms & { readonly id: string; readonly amount: string }) | undefined;
  readonly recentTransfer: (draws: Draws) => string | undefined;
  readonly acceptedTransfer: (
    draws: Draws,
  ) => { readonly key: string; readonly id: string; readonly terms: Terms } | undefined;
  readonly order: (draws: Draws) => { readonly id: string; readonly order: Terms } | undefined;
  readonly orderCount: () => number;
  /** Takes all standing orders out of the memory. */
  readonly takeOrders: () => string[];
  readonly recent: () => readonly RecentMovement[];
}

const KEPT = 300;

export function createMemory(): Memory {
  const holds = new Map<string, Hold>();
  const decided = new Set<string>();
  const orders = new Map<string, Terms>();
  const completed: (Terms & { id: string; amount: string })[] = [];
  const accepted: { key: string; id: string; terms: Terms }[] = [];
  const recent: RecentMovement[] = [];
  const one = <Item>(items: readonly Item[], draws: Draws): Item | undefined =>
    items[Math.floor(draws.number('which') * items.length)];

  return {
    remember(entry, { id, terms, state }) {
      if (entry.names === 'recurring') {
        orders.set(id, entry.order!);
        return;
      }
      if (entry.names === 'stock') return;
      keep(recent, { kind: entry.names, id });
      if (entry.names !== 'transfer' || terms === undefined || state === undefined) return;
      const isPlain = ['transfer', 'hold'].includes(entry.kind);
      if (isPlain && entry.kind === 'transfer') keep(accepted, { key: entry.key, id, terms });
      if (entry.kind === 'hold' && !decided.has(id)) holds.set(id, { id, amount: terms.amount! });
      if (state.status === 'COMPLETED' && state.captured !== null)
        keep(completed, { ...terms, id, amount: state.captured });
    },
    takeHold(draws) {
      const hold = one([...holds.values()], draws);
      if (hold === undefined) return undefined;
      holds.delete(hold.id);
      decided.add(hold.id);
      return hold;
    },
    putBack: (hold) => void holds.set(hold.id, hold),
    completed: (draws) => one(completed, draws),
    recentTransfer: (draws) => one(recent.filter(({ kind }) => kind === 'transfer').slice(-30), draws)?.id,
    acceptedTransfer: (draws) => one(accepted, draws),
    order(draws) {
      const found = one([...orders], draws);
      return found && { id: found[0], order: found[1] };
    },
    orderCount: () => orders.size,
    takeOrders() {
      const ids = [...orders.keys()];
      orders.clear();
      return ids;
    },
    recent: () => recent,
  };
}

function keep<Item>(items: Item[], item: Item): void {
  items.push(item);
  if (items.length > KEPT) items.shift();
}
