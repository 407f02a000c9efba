/**
 * The findings of an audit: how much it looked at, and each breach by invariant, subject and detail. The list is bounded, the
 * counts are not.
 */
export const INVARIANTS = {
  I1: 'no money was made or lost',
  I2: 'each movement has exactly the entries, fences and steps of its state',
  I3: 'each balance is what its entries say',
  I4: 'each idempotency key names one movement, with the body that was acknowledged',
  I5: 'each movement under way has its workflow, and no other has one',
  I6: 'each change has left its event, once',
  I7: 'nothing is left undone',
  I8: 'each event has one place in the log, unchanged and in its order',
} as const;
/** Those of orders. */
export const ORDER_INVARIANTS = {
  O1: 'stock is what its entries and its reservations say',
  O2: 'each consignment has the goods and the money of its state, as the inventory has decided',
  O3: 'nothing is reserved, held or taken without an order that needs it',
  O4: 'invoices are what was captured, collected, is due or written off',
  O5: 'the books balance, and follow the wallets',
  O6: 'each idempotency key names one order, with the body that was acknowledged',
  O7: 'each change of an order has left its event, once',
  O8: 'each open order has its workflow, and nothing of it is left undone',
} as const;
export type Invariant = keyof typeof INVARIANTS | keyof typeof ORDER_INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  /** What it is about, such as `transfer 0b6c…` or `wallet 8f14…`. */
  readonly subject: string;
  readonly detail: string;
}

/** How many things of each kind an audit has looked at. */
export interface Checked {
  currencies: number;
  wallets: number;
  entries: number;
  fences: number;
  events: number;
  logged_events: number;
  transfers: number;
  transactions: number;
  batches: number;
  open_workflows: number;
  /** Those of orders are there where the installation has orders. */
  orders?: number;
  consignments?: number;
  returns?: number;
  skus?: number;
  stock_entries?: number;
  shipments?: number;
  sellers?: number;
  journals?: number;
  invoices?: number;
  credit_notes?: number;
}

export interface Findings {
  readonly report: (invariant: Invariant, subject: string, detail: string) => void;
  /** Counts further violations that need not be reported one by one. */
  readonly reportMore: (invariant: Invariant, howMany: number) => void;
  readonly count: (what: keyof Checked, howMany: number) => void;
  /** The first violations of each invariant. */
  readonly violations: () => Violation[];
  /** The number of violations of each invariant that has any. */
  readonly totals: () => Partial<Record<Invariant, number>>;
  readonly checked: () => Readonly<Checked>;
}

/** How many violations of one invariant are kept; beyond, they are counted. */
export const VIOLATIONS_KEPT = 20;

export function collectFindings(): Findings {
  const kept: Violation[] = [];
  const totals: Partial<Record<Invariant, number>> = {};
  const checked: Checked = {
    currencies: 0,
    wallets: 0,
    entries: 0,
    fences: 0,
    events: 0,
    logged_events: 0,
    transfers: 0,
    transactions: 0,
    batches: 0,
    open_workflows: 0,
  };
  return {
    report(invariant, subject, detail) {
      const total = (totals[invariant] ?? 0) + 1;
      totals[invariant] = total;
      if (total <= VIOLATIONS_KEPT) kept.push({ invariant, subject, detail });
    },
    reportMore(invariant, howMany) {
      if (howMany > 0) totals[invariant] = (totals[invariant] ?? 0) + howMany;
    },
    count(what, howMany) {
      checked[what] = (checked[what] ?? 0) + howMany;
    },
    violations: () => kept.toSorted((a, b) => a.invariant.localeCompare(b.invariant)),
    totals: () => totals,
    checked: () => checked,
  };
}

/** One difference that a statement found between two tables; the rows are the first differences, each with the number of all. */
export interface Difference {
  readonly movement: string;
  readonly detail: string;
  readonly total: number;
}

/** `what` the differences are about, if not movements. */
export function reportDifferences(
  invariant: Invariant,
  differences: readonly Difference[],
  findings: Findings,
  what = 'movement',
): void {
  for (const { movement, detail } of differences) findings.report(invariant, `${what} ${movement}`, detail);
  findings.reportMore(invariant, (differences[0]?.total ?? 0) - differences.length);
}
