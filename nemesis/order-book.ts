/**
 * What clients were told of orders: how far each is, what has become of each consignment's goods and money, whether it could be
 * canceled. Whatever contradicts what was told before is reported as it is told. Pure but for time.
 */
import type { OrderedGoods } from './order-terms.ts';
import { toldLines, type Line } from './order-terms.ts';
import { collectSightings, isEnded, type State } from './sightings.ts';
import type { Violation, Violations } from './violations.ts';

export interface SeenConsignment {
  readonly n: number;
  readonly goods: string;
  readonly money: string;
  readonly amount: string;
  readonly transferId: string;
  readonly shipmentId: string | null;
  readonly carrierReference: string | null;
  readonly lines: readonly Line[];
}

export interface SeenOrder {
  readonly id: string;
  readonly status: string;
  readonly cancelReason: string | null;
  readonly buyer: string;
  readonly seller: string;
  readonly total: string;
  readonly consignments: readonly SeenConsignment[];
}

/** What has become of a consignment's goods: they have left, or are back on the shelf, for ever. */
export type Decision = 'issued' | 'released';
export type CancelAnswer = 'canceled' | 'not canceled';

export interface OrderBook {
  /** Notes an order's terms before it is asked for. */
  readonly place: (id: string, goods: OrderedGoods) => void;
  /** Notes an answer, or a row. `askedAtMs` is the time of the request. */
  readonly see: (seenBy: Violation['seenBy'], order: SeenOrder, askedAtMs: number) => void;
  /** Notes that a client was told what has become of a consignment, in other words than by the order's state. */
  readonly decide: (id: string, n: number, decision: Decision) => void;
  readonly cancelTold: (id: string, answer: CancelAnswer) => void;
  readonly latest: (id: string) => SeenOrder | undefined;
  readonly isOver: (id: string) => boolean;
  readonly decisionOf: (id: string, n: number) => Decision | undefined;
  readonly cancelAnswerOf: (id: string) => CancelAnswer | undefined;
  /** Whether anybody was told that it is CONFIRMED. */
  readonly wasConfirmed: (id: string) => boolean;
  readonly termsOf: (id: string) => OrderedGoods | undefined;
  readonly ids: () => readonly string[];
}

const RANKS: Readonly<Record<string, number>> = {
  ...{ RESERVED: 0, ISSUED: 1, RELEASED: 2, DELIVERED: 2 },
  ...{ HELD: 0, CAPTURED: 2, VOIDED: 2, DUE: 1, COLLECTED: 2, WRITTEN_OFF: 2 },
};
const DECISIONS: Readonly<Record<string, Decision>> = { ISSUED: 'issued', DELIVERED: 'issued', RELEASED: 'released' };

export function openOrderBook(violations: Violations): OrderBook {
  const placed = new Map<string, OrderedGoods>();
  const newest = new Map<string, SeenOrder>();
  const statuses = collectSightings();
  const decisions = new Map<string, Decision>();
  const states = new Map<string, { readonly state: string; readonly atMs: number }>();
  const cancels = new Map<string, CancelAnswer>();
  const confirmed = new Set<string>();

  const decideAs = (seenBy: Violation['seenBy'], id: string, n: number, decision: Decision): void => {
    const before = decisions.get(`${id}/${n}`) ?? decision;
    decisions.set(`${id}/${n}`, before);
    if (before !== decision)
      violations.report(
        seenBy,
        id,
        `the goods of its consignment ${n} were told to be ${before}, and then ${decision}`,
      );
  };
  /** Of goods or of money: no state is followed by a lower one, or by another of the last. */
  const seeState = (seenBy: Violation['seenBy'], id: string, what: string, state: string, askedAtMs: number): void => {
    const before = states.get(`${id}/${what}`);
    if (before !== undefined && isBehind(before.state, state)) {
      if (before.atMs <= askedAtMs || RANKS[before.state] === RANKS[state])
        violations.report(seenBy, id, `${what} was ${before.state}, and then ${state}`);
      return;
    }
    if (before?.state !== state) states.set(`${id}/${what}`, { state, atMs: performance.now() });
  };

  return {
    place: (id, goods) => void placed.set(id, goods),
    see(seenBy, order, askedAtMs) {
      const { id, status, consignments } = order;
      const wrong = statuses.see(id, stateOf(order), askedAtMs, performance.now());
      if (wrong !== undefined) violations.report(seenBy, id, wrong);
      for (const problem of unlikeAsked(order, placed.get(id))) violations.report(seenBy, id, problem);
      if (status === 'CONFIRMED') confirmed.add(id);
      for (const { n, goods, money } of consignments) {
        seeState(seenBy, id, `the state of the goods of consignment ${n}`, goods, askedAtMs);
        seeState(seenBy, id, `the state of the money of consignment ${n}`, money, askedAtMs);
        const decision = DECISIONS[goods];
        if (decision !== undefined) decideAs(seenBy, id, n, decision);
      }
      if (statuses.latest(id)?.status === status) newest.set(id, order);
    },
    decide: (id, n, decision) => decideAs('observer', id, n, decision),
    cancelTold(id, answer) {
      const before = cancels.get(id) ?? answer;
      cancels.set(id, before);
      if (before !== answer)
        violations.report(
          'observer',
          id,
          `somebody was told that it is ${before}, and then somebody that it is ${answer}`,
        );
    },
    latest: (id) => newest.get(id),
    isOver(id) {
      const state = statuses.latest(id);
      return state !== undefined && isEnded(state);
    },
    decisionOf: (id, n) => decisions.get(`${id}/${n}`),
    cancelAnswerOf: (id) => cancels.get(id),
    wasConfirmed: (id) => confirmed.has(id),
    termsOf: (id) => placed.get(id),
    ids: () => [...placed.keys()],
  };
}

function stateOf({ status, cancelReason }: SeenOrder): State {
  return { status, failureReason: cancelReason, captured: null };
}

function isBehind(before: string, now: string): boolean {
  const [old, next] = [RANKS[before]!, RANKS[now]!];
  return next < old || (next === old && before !== now);
}

/** How it differs from what was asked for. Its consignments follow from that too. */
function unlikeAsked(order: SeenOrder, asked: OrderedGoods | undefined): string[] {
  if (asked === undefined) return [];
  const names = ['buyer', 'seller', 'total'] as const;
  const wrong = names
    .filter((name) => order[name] !== asked[name])
    .map((name) => `it was answered with ${name} ${order[name]} where ${asked[name]} was asked for`);
  if (order.consignments.length === 0) return wrong;
  const said = order.consignments.map(({ n, amount, lines }) => `${n}: ${toldLines(lines)} for ${amount}`).toSorted();
  const due = asked.parts.map(({ n, amount, lines }) => `${n}: ${toldLines(lines)} for ${amount}`).toSorted();
  return said.join('; ') === due.join('; ')
    ? wrong
    : [...wrong, `its consignments are ${said.join('; ')} where ${due.join('; ')} follows from what was asked for`];
}
