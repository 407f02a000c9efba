/**
 * The types of faults, and of the stage: all that a fault may touch. schedule.ts says when faults strike, run.ts carries them out.
 */
import type { KafkaBroker } from '../dev/kafka-broker.ts';
import type { RecentMovement } from './book.ts';
import type { Draws } from './draws.ts';
import type { Operator } from './operator.ts';
import type { OwnWallets } from './own-wallets.ts';
import type { Receivers } from './receivers.ts';
import type { Stack } from './stack.ts';

export interface Stage {
  readonly stack: Stack;
  /** The random draws of this fault alone. */
  readonly draws: Draws;
  readonly workload: {
    /** Sends, beside the ordinary clients, ten times the rate that the stack can carry, for this long. */
    readonly overload: (seconds: number, signal: AbortSignal) => Promise<OverloadSeen>;
    /** Movements that were accepted lately, the newest of each tenant last; some of them are still under way. */
    readonly recentMovements: () => readonly RecentMovement[];
    /** Returns two wallets that nobody else uses, the receiver's in this shard; undefined if they cannot be made in time. */
    readonly ownWallets: (receiverShard: number, signal: AbortSignal) => Promise<OwnWallets | undefined>;
    readonly operator: Pick<Operator, 'cancel' | 'force'>;
  };
  /** The receivers of webhooks that may be hurt, and what an operator does about their endpoints; none without faults of webhooks. */
  readonly receivers: Pick<Receivers, 'frail' | 'loose'> | undefined;
  /** Of a run that has one. */
  readonly broker: KafkaBroker | undefined;
  /** Writes a line of the run's log. */
  readonly log: (line: string) => void;
  /** Reports a violation that the fault itself has seen, such as memory that grows without bound. */
  readonly violation: (detail: string) => void;
  /** Counts, for the report, a recovery that the fault has seen, such as a process that came back. */
  readonly recovered: (what: string) => void;
  /** Counts what the fault has affected, such as lost answers to a commit: that a fault was injected does not prove an effect. */
  readonly met: (what: string, howMany: number) => void;
}

export interface OverloadSeen {
  readonly sent: number;
  readonly accepted: number;
  /** Refused for now, with 429 or 503. */
  readonly shed: number;
  /** Neither answered nor refused. */
  readonly unanswered: number;
  /** The rate of accepted requests of the ordinary clients before the overload began. */
  readonly ratePerSecond: number;
}

export interface Fault {
  /** The name in the report, such as `kill worker-wallet-0`. */
  readonly name: string;
  /** A row of the report's table. */
  readonly kind: string;
  /** The approximate time until it is healed, for the schedule. */
  readonly lastsMs: number;
  /**
   * Injects the fault, heals it, and returns when it is healed: processes are back, proxies pass, frozen processes run. Heals at
   * once when aborted.
   */
  readonly strike: (stage: Stage, signal: AbortSignal) => Promise<void>;
}

/** A kind of fault; each draw makes one fault of it, with its process and its time. */
export interface FaultKind {
  readonly kind: string;
  /** The relative frequency, once each kind has been drawn; usually 1. */
  readonly weight: number;
  readonly draw: (draws: Draws) => Fault;
}
