/**
 * What the bench compares: a subject moves one transfer when asked, in whatever way it does. Every subject stands on the
 * same ground: the same PostgreSQL and Temporal servers, the same databases, and the same pairs of wallets in turn. Only the
 * one that is measured runs; it is opened for that and closed after it.
 */
import type { WalletId } from '../domain/ids.ts';

export interface Subject {
  /** Moves one transfer to its end; resolves when whoever asked for it would have been told. Throws if it did not COMPLETE. */
  readonly once: () => Promise<void>;
  /** The process that it runs in, if not the bench's own. */
  readonly pid?: () => number;
  /** How many transfers a group had in the mean that were accepted between two instants; 1 if none was in a group. */
  readonly groupSize?: (fromMs: number, untilMs: number) => Promise<number>;
  /** Ends every process, worker and connection that the subject opened. */
  readonly close: () => Promise<void>;
}

export interface SubjectKind {
  /** Stands in the JSON; the goals know it by this. */
  readonly id: string;
  /** Stands in the tables. */
  readonly name: string;
  /** Resolves when it is ready to move its first transfer. */
  readonly open: (ground: Ground) => Promise<Subject>;
}

export interface Pair {
  readonly sender: WalletId;
  readonly receiver: WalletId;
}

export interface Ground {
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** By which the services connect, in the roles they have: one a wallet shard, and the transfer service's. */
  readonly databases: { readonly wallets: readonly string[]; readonly transfer: string };
  /** An administrator's, by name: wallet-0, wallet-1, transfer. */
  readonly administrators: Readonly<Record<string, string>>;
  /** The settings by which Counterpoise's own services reach all of this. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whose money is moved next, 1.00 USD: wallets with enough of it, each in turn sender and receiver. */
  readonly nextPair: () => Pair;
  /** A directory for what a subject keeps in files. Removed with the ground. */
  readonly directory: string;
}
