/**
 * What clients have asked for and what they were told, a record for each Idempotency-Key: what the databases are held
 * against at the end. A movement's terms are those that were asked for, its state the one that was answered. Pure but for
 * time.
 */
import { collectSightings, type Sightings, type State } from './sightings.ts';
import type { Violations } from './violations.ts';

/** A movement that clients have had accepted, by what its workflow is called. */
export interface RecentMovement {
  readonly kind: 'transfer' | 'transaction' | 'batch';
  readonly id: string;
}

/** What one movement moves. */
export interface Move {
  readonly id: string;
  readonly movement: 'transfer' | 'transaction';
  /** A wallet; undefined for the outside world. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** With four decimals; undefined for a reversal of all that is left, whose answer says how much that was. */
  readonly amount: string | undefined;
  readonly currency: string;
}

export type Terms = Omit<Move, 'id' | 'movement'>;

/** What an Idempotency-Key stands for. */
export interface Asked {
  readonly key: string;
  /** A row of the report. */
  readonly kind: string;
  readonly names: 'transfer' | 'transaction' | 'batch' | 'recurring';
  /** What the key names, as derived from it. */
  readonly id: string;
  /** The movements that it makes. Those of a standing order are added when they are known. */
  readonly moves: readonly Move[];
  /** What each run of a standing order moves. */
  readonly order?: Terms;
}

/** `nothing`: refused, and surely nothing was stored. `unknown`: there was no answer, or one that says it is not known. */
export type Told = 'accepted' | 'nothing' | 'unknown';

export interface Entry extends Asked {
  told: Told | undefined;
  /** The code of the last answer that was no success; `timeout` and the like where there was none. */
  refusal: string | undefined;
  requests: number;
  moves: Move[];
}

/** By how much, with four decimals, each wallet was changed. */
export type Changes = ReadonlyMap<string, string>;

export interface Answered {
  readonly id: string;
  /** Of a transfer or a transaction. */
  readonly terms?: Terms;
  readonly state?: State;
}

export interface Book {
  readonly open: (asked: Asked) => Entry;
  /** Notes an answer to a request of this entry. */
  readonly accepted: (entry: Entry, answer: Answered, askedAtMs: number) => void;
  readonly refused: (entry: Entry, code: string) => void;
  readonly unanswered: (entry: Entry, code: string) => void;
  /** Notes the state of a movement, whoever has seen it. */
  readonly see: (seenBy: 'observer' | 'comparison', id: string, state: State, askedAtMs: number) => void;
  /** Notes that an operator has asked that the sender of a transfer be paid back in advance. */
  readonly force: (id: string) => void;
  readonly isForced: (id: string) => boolean;
  /** Notes by how much a movement that was seen to have ended before has changed each user's wallet: for good. */
  readonly seeLedger: (seenBy: 'observer' | 'comparison', id: string, changes: Changes) => void;
  readonly isLedgerSeen: (id: string) => boolean;
  /** Adds a movement that a standing order has made. */
  readonly addRun: (entry: Entry, move: Move) => void;
  readonly moveOf: (id: string) => Move | undefined;
  readonly entries: () => readonly Entry[];
  readonly sightings: Sightings;
}

export function openBook(violations: Violations): Book {
  const entries: Entry[] = [];
  const moves = new Map<string, Move>();
  const sightings = collectSightings();
  const forced = new Set<string>();
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
    },
    moveOf: (id) => moves.get(id),
    entries: () => entries,
    sightings,
  };
}

/** What differs between what was asked for and what is there. */
export function unlike(move: Move, terms: Terms): string | undefined {
  const names = ['from', 'to', 'currency', 'amount'] as const;
  const different = names.filter(
    (name) => move[name] !== terms[name] && !(name === 'amount' && move.amount === undefined),
  );
  return different.length === 0
    ? undefined
    : different.map((name) => `${name} ${terms[name]} where ${move[name]} was asked for`).join(', ');
}
