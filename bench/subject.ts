/**
 * A subject of the bench: it makes one transfer per call, in its own way. Every subject has the same ground: the same PostgreSQL
 * and Temporal servers, the same databases, and the same pairs of wallets in turn. Only the measured subject runs; it is opened for
 * that and closed afterwards.
 */
import type { WalletId } from '../domain/ids.ts';

export interface Subject {
  /** Makes one transfer; resolves when its client would have the answer. Throws unless the transfer is COMPLETED. */
  readonly once: () => Promise<void>;
  /** The process that it runs in, if not the bench's own. */
  readonly pid?: () => number;
  /** How many transfers a group had in the mean that were accepted between two instants; 1 if none was in a group. */
  readonly groupSize?: (fromMs: number, untilMs: number) => Promise<number>;
  /** Ends every process, worker and connection that the subject opened. */
  readonly close: () => Promise<void>;
}

export interface SubjectKind {
  /** The name in the JSON and in the goals. */
  readonly id: string;
  /** The name in the tables. */
  readonly name: string;
  /** Resolves when the subject is ready for its first transfer. */
  readonly open: (ground: Ground) => Promise<Subject>;
}

export interface Pair {
  readonly sender: WalletId;
  readonly receiver: WalletId;
}

export interface Ground {
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** The URLs with the services' roles: one per wallet shard, and the transfer service's. */
  readonly databases: { readonly wallets: readonly string[]; readonly transfer: string };
  /** Administrator URLs, by name: wallet-0, wallet-1, transfer. */
  readonly administrators: Readonly<Record<string, string>>;
  /** The settings of Counterpoise's own services for this ground. */
  readonly settings: Readonly<Record<string, string>>;
  /** The wallets of the next transfer of 1.00 USD: funded ones, each in turn sender and receiver. */
  readonly nextPair: () => Pair;
  /** A directory for a subject's files, removed with the ground. */
  readonly directory: string;
}
