/**
 * What a fault is and what it may touch. Types only, imported by this folder: schedule.ts says when faults strike, run.ts
 * carries them out.
 */
import type { RecentMovement } from './book.ts';
import type { Draws } from './draws.ts';
import type { Operator } from './operator.ts';
import type { OwnWallets } from './own-wallets.ts';
import type { Stack } from './stack.ts';

export interface Stage {
  readonly stack: Stack;
  /** This fault's own. */
  readonly draws: Draws;
  readonly workload: {
    /** Sends ten times the rate that the stack holds for so long, besides the ordinary clients. */
    readonly overload: (seconds: number, signal: AbortSignal) => Promise<OverloadSeen>;
    /** What clients have had accepted lately, newest last: some of it is still under way. */
    readonly recentMovements: () => readonly RecentMovement[];
    /** Two wallets that nobody else uses, the receiver's in this shard; undefined if they cannot be had in time. */
    readonly ownWallets: (receiverShard: number, signal: AbortSignal) => Promise<OwnWallets | undefined>;
    readonly operator: Pick<Operator, 'cancel' | 'force'>;
  };
  /** A line of the run's log, told to whoever watches. */
  readonly log: (line: string) => void;
  /** Something that must not be, seen by the fault itself, such as memory without a bound. */
  readonly violation: (detail: string) => void;
  /** Counts a recovery that the fault has seen, such as a process that came back; for the report. */
  readonly recovered: (what: string) => void;
  /** Counts what the fault has met, such as answers to a commit that were lost: that it was there is no proof that it struck. */
  readonly met: (what: string, howMany: number) => void;
}

export interface OverloadSeen {
  readonly sent: number;
  readonly accepted: number;
  /** Refused for now, with 429 or 503. */
  readonly shed: number;
  /** Neither answered nor refused. */
  readonly unanswered: number;
  /** What the ordinary clients had accepted a second before it began. */
  readonly ratePerSecond: number;
}

export interface Fault {
  /** As in the report: `kill worker-wallet-0`. */
  readonly name: string;
  /** A row of the report's table. */
  readonly kind: string;
  /** About how long it takes until it is healed, for the schedule. */
  readonly lastsMs: number;
  /** Injects, heals, and returns when healed: processes back, proxies passing, frozen thawed; also when aborted, and at once then. */
  readonly strike: (stage: Stage, signal: AbortSignal) => Promise<void>;
}

/** A kind of fault, of which every draw makes one: which process, how long. */
export interface FaultKind {
  readonly kind: string;
  /** How often beside the others once each kind has been drawn; 1 is usual. */
  readonly weight: number;
  readonly draw: (draws: Draws) => Fault;
}
