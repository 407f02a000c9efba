/**
 * Compares what clients were told with what is stored: each accepted movement is there with the terms of its request, no movement
 * is there that was refused or that nobody asked for, and each wallet's money agrees with the clients' own records. Pure.
 */
import { formatUnits, parseUnits } from '../domain/money.ts';
import { effectOf } from './answers.ts';
import { unlike, type Book, type Entry, type Move, type Terms } from './book.ts';

export interface StoredMovement extends Terms {
  readonly id: string;
  readonly key: string;
}

export interface Stored {
  /** Transfers and transactions. */
  readonly movements: readonly StoredMovement[];
  /** The ids of batches and standing orders; of orders, returns and changes of stock. */
  readonly others: ReadonlySet<string>;
  /** The batches that were canceled before they began: none of their movements is there. */
  readonly unbegun: ReadonlySet<string>;
  /** The sum of a movement's entries in a user's wallet. */
  readonly ledger: readonly { readonly movement: string; readonly wallet: string; readonly change: string }[];
  readonly wallets: readonly { readonly wallet: string; readonly balance: string; readonly held: string }[];
}

export type Report = (subject: string, detail: string) => void;

/** Takes the states from the book: the last answers of the API, after every movement has ended. */
export function compare(book: Book, stored: Stored, report: Report): void {
  const rows = new Map(stored.movements.map((row) => [row.id, row]));
  const claimed = new Set<string>();
  for (const entry of book.entries()) {
    compareEntry(entry, rows, stored, report);
    for (const { id } of entry.moves) claimed.add(id);
  }
  for (const { id, key } of stored.movements)
    if (!claimed.has(id)) report(id, `it is stored by key ${JSON.stringify(key)}, but nobody asked for it`);
  compareMoney(book, rows, stored, report);
}

function compareEntry(
  entry: Entry,
  rows: ReadonlyMap<string, StoredMovement>,
  { others, unbegun }: Pick<Stored, 'others' | 'unbegun'>,
  report: Report,
): void {
  const { key, kind, id, moves, told } = entry;
  const wasTold = told === 'accepted' ? 'it was accepted' : `its key ${key} was refused (${entry.refusal})`;
  const isHere = ({ id: moveId }: Move): boolean => rows.has(moveId);
  const isSingle = entry.names === 'transfer' || entry.names === 'transaction';
  const isUnbegun = unbegun.has(id);
  // An order moves money only if it gets that far, and a part of it may not.
  const mayLackMoves = entry.names === 'order' || entry.names === 'return' || isUnbegun;

  if (isUnbegun && moves.some(isHere)) report(id, 'it was canceled before it began, and has movements that are stored');

  if (told === 'accepted') {
    if (!isSingle && !others.has(id)) report(id, `${wasTold} as ${kind}, but it is not stored`);
    for (const move of moves)
      if (!isHere(move) && !mayLackMoves) report(move.id, `${wasTold} as ${kind} of ${key}, but it is not stored`);
  } else if (told === 'nothing') {
    if (others.has(id)) report(id, `${wasTold}, but it is stored`);
    for (const move of moves) if (isHere(move)) report(move.id, `${wasTold}, but it is stored`);
  } else if (moves.some(isHere) && !moves.every(isHere) && !mayLackMoves)
    report(id, `only some of its ${moves.length} movements are stored`);

  for (const move of moves) {
    const wrong = isHere(move) ? unlike(move, rows.get(move.id)!) : undefined;
    if (wrong !== undefined) report(move.id, `it is stored with ${wrong}`);
  }
}

function compareMoney(book: Book, rows: ReadonlyMap<string, StoredMovement>, stored: Stored, report: Report): void {
  const nameOf = (movement: string, wallet: string): string => `${movement} ${wallet}`;
  const expected = new Map<string, bigint>();
  const balances = new Map<string, bigint>();
  const changed = new Map(stored.ledger.map(({ movement, wallet, change }) => [nameOf(movement, wallet), change]));
  for (const { moves } of book.entries()) {
    for (const move of moves) {
      const state = book.sightings.latest(move.id);
      if (state === undefined) continue;
      const terms = { ...move, amount: move.amount ?? rows.get(move.id)?.amount };
      for (const [wallet, change] of effectOf(terms, state, parseUnits)) {
        // If an operator has forced the refund, the external wallet may have paid it before the credit was known.
        const isPaid = book.isForced(move.id) && wallet === move.from;
        if (isPaid && parseUnits(changed.get(nameOf(move.id, wallet)) ?? '1') === 0n) continue;
        expected.set(nameOf(move.id, wallet), change);
        balances.set(wallet, (balances.get(wallet) ?? 0n) + change);
      }
    }
  }
  for (const { movement, wallet, change } of stored.ledger) {
    const name = nameOf(movement, wallet);
    const told = expected.get(name) ?? 0n;
    expected.delete(name);
    if (told !== parseUnits(change))
      report(
        movement,
        `by what clients were told it changed wallet ${wallet} by ${formatUnits(told)}, by the ledger by ${change}`,
      );
  }
  for (const [name, told] of expected) {
    const [movement, wallet] = name.split(' ') as [string, string];
    report(
      movement,
      `by what clients were told it changed wallet ${wallet} by ${formatUnits(told)}, but the ledger has no entry`,
    );
  }
  for (const { wallet, balance, held } of stored.wallets) {
    const told = balances.get(wallet) ?? 0n;
    if (told !== parseUnits(balance))
      report(wallet, `by what clients were told it has ${formatUnits(told)}, but its balance is ${balance}`);
    if (parseUnits(held) !== 0n) report(wallet, `it holds ${held}, although every hold is decided`);
  }
}
