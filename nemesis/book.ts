/**
 * The book: a record, for each Idempotency-Key, of what clients have asked for and what they were told. At the end of a run the
 * databases are compared with it. A movement's terms are those of the request, its state is that of the latest answer. Pure but
 * for time.
 */
import { DEFAULT_TENANT, tenantOf, type OfTenant, type Tenant } from '../domain/tenant.ts';
import type { GoodsTerms } from './order-terms.ts';
import { collectSightings, type Sightings, type State } from './sightings.ts';
import type { Violations } from './violations.ts';

/** A movement of a client that was accepted, by the id of its workflow. */
export interface RecentMovement {
  readonly kind: 'transfer' | 'transaction' | 'batch' | 'order' | 'return';
  readonly id: string;
}

/** One movement: wallets, amount and currency. */
export interface Move {
  readonly id: string;
  readonly movement: 'transfer' | 'transaction';
  /** A wallet; undefined for the outside world. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** With four decimals; undefined for a reversal of all that is left, because only its answer says how much that is. */
  readonly amount: string | undefined;
  readonly currency: string;
}

export type Terms = Omit<Move, 'id' | 'movement'>;

/** The request that an Idempotency-Key of a tenant stands for. */
export interface Asked extends OfTenant {
  readonly key: string;
  /** A row of the report. */
  readonly kind: string;
  readonly names: 'transfer' | 'transaction' | 'batch' | 'recurring' | 'order' | 'return' | 'stock';
  /** The id that is derived from the key and its tenant. */
  readonly id: string;
  /**
   * The movements that the request makes; of an order, or a return, those that it may make. Those of a standing order are added when
   * they become known.
   */
  readonly moves: readonly Move[];
  readonly goods?: GoodsTerms;
  /** The terms of each run of a standing order. */
  readonly order?: Terms;
}

/** `nothing`: refused, and certainly nothing was stored. `unknown`: no answer, or an answer that leaves it open. */
export type Told = 'accepted' | 'nothing' | 'unknown';

export interface Entry extends Asked {
  told: Told | undefined;
  /** The code of the last answer that was no success; `timeout` or the like if there was no answer. */
  refusal: string | undefined;
  requests: number;
  moves: Move[];
}

/** The change of each wallet's balance, with four decimals. */
export type Changes = ReadonlyMap<string, string>;

export interface Answered {
  readonly id: string;
  /** Present for a transfer or a transaction. */
  readonly terms?: Terms;
  readonly state?: State;
}

export interface Book {
  readonly open: (asked: Asked) => Entry;
  /** Notes an answer to a request of this entry. */
  readonly accepted: (entry: Entry, answer: Answered, askedAtMs: number) => void;
  readonly refused: (entry: Entry, code: string) => void;
  readonly unanswered: (entry: Entry, code: string) => void;
  /** Notes that a movement was seen in a state. */
  readonly see: (seenBy: 'observer' | 'comparison', id: string, state: State, askedAtMs: number) => void;
  /** Notes that an operator has asked for a forced refund of a transfer. */
  readonly force: (id: string) => void;
  readonly isForced: (id: string) => boolean;
  /** Notes that an operator has asked for something about a transfer, whatever came of it. */
  readonly touch: (id: string) => void;
  readonly isTouched: (id: string) => boolean;
  /** Notes the final change of each user's wallet by a movement that was seen to have ended before. */
  readonly seeLedger: (seenBy: 'observer' | 'comparison', id: string, changes: Changes) => void;
  readonly isLedgerSeen: (id: string) => boolean;
  /** Adds a movement that a standing order has made. */
  readonly addRun: (entry: Entry, move: Move) => void;
  readonly moveOf: (id: string) => Move | undefined;
  /** Whose clients have asked for it. */
  readonly tenantOf: (id: string) => Tenant;
  readonly entries: () => readonly Entry[];
  readonly sightings: Sightings;
}

export function openBook(violations: Violations): Book {
  const entries: Entry[] = [];
  const moves = new Map<string, Move>();
  const tenants = new Map<string, Tenant>();
  const sightings = collectSightings();
  const forced = new Set<string>();
  const touched = new Set<string>();
  const ledger = new Map<string, string>();

  const see: Book['see'] = (seenBy, id, state, askedAtMs) => {
    const wrong = sightings.see(id, state, askedAtMs, performance.now());
    if (wrong !== undefined) violations.report(seenBy, id, wrong);
  };
  return {
    open(asked) {
      const entry: Entry = { ...asked, moves: [...asked.moves], told: undefined, refusal: undefined, requests: 0 };
      entries.push(entry);
      for (const move of asked.moves) moves.set(move.id, move);
      for (const id of [asked.id, ...asked.moves.map((move) => move.id)]) tenants.set(id, tenantOf(asked));
      return entry;
    },
    accepted(entry, { id, terms, state }, askedAtMs) {
      entry.requests += 1;
      entry.told = 'accepted';
      if (id !== entry.id)
        violations.report('comparison', id, `key ${entry.key} names ${entry.id}, but was answered with this`);
      const move = moves.get(entry.id);
      if (terms !== undefined && move !== undefined) {
        const wrong = unlike(move, terms);
        if (wrong !== undefined) violations.report('comparison', id, `it was answered with ${wrong}`);
      }
      if (state !== undefined) see('observer', id, state, askedAtMs);
    },
    refused(entry, code) {
      entry.requests += 1;
      entry.refusal = code;
      entry.told ??= 'nothing';
    },
    unanswered(entry, code) {
      entry.requests += 1;
      entry.refusal = code;
      if (entry.told !== 'accepted') entry.told = 'unknown';
    },
    see,
    force: (id) => void forced.add(id),
    isForced: (id) => forced.has(id),
    touch: (id) => void touched.add(id),
    isTouched: (id) => touched.has(id) || forced.has(id),
    seeLedger(seenBy, id, changes) {
      const found = [...changes].map(([wallet, change]) => `${wallet} by ${change}`).toSorted();
      const now = found.join(', ') || 'nothing';
      const before = ledger.get(id) ?? now;
      ledger.set(id, before);
      if (before !== now)
        violations.report(seenBy, id, `it had ended and changed ${before}, and now it changes ${now}`);
    },
    isLedgerSeen: (id) => ledger.has(id),
    addRun(entry, move) {
      if (moves.has(move.id)) return;
      entry.moves.push(move);
      moves.set(move.id, move);
      tenants.set(move.id, tenantOf(entry));
    },
    moveOf: (id) => moves.get(id),
    tenantOf: (id) => tenants.get(id) ?? DEFAULT_TENANT,
    entries: () => entries,
    sightings,
  };
}

/** Describes how a stored movement differs from the one that was asked for; undefined if it does not. */
export function unlike(move: Move, terms: Terms): string | undefined {
  const names = ['from', 'to', 'currency', 'amount'] as const;
  const different = names.filter(
    (name) => move[name] !== terms[name] && !(name === 'amount' && move.amount === undefined),
  );
  return different.length === 0
    ? undefined
    : different.map((name) => `${name} ${terms[name]} where ${move[name]} was asked for`).join(', ');
}
