/**
 * The states in which a movement was seen, in whatever answer and whatever row: what has ended never changes, and no status
 * is followed by a lower one. Pure.
 */
export interface State {
  readonly status: string;
  readonly failureReason: string | null;
  /** Of a transfer that has ended: what arrived. */
  readonly captured: string | null;
}

export interface Sightings {
  /**
   * `askedAtMs` is when whoever saw it asked: a state that was known before that must not be contradicted, one that became
   * known meanwhile may be newer. Answers what is wrong, if anything is.
   */
  readonly see: (id: string, state: State, askedAtMs: number, nowMs: number) => string | undefined;
  /** The state in which it was seen last. */
  readonly latest: (id: string) => State | undefined;
  /** The ids of those that were seen to have ended. */
  readonly ended: () => readonly string[];
}

const RANKS: Readonly<Record<string, number>> = {
  SCHEDULED: 0,
  PENDING: 1,
  DEBITED: 2,
  PROCESSED: 3,
  COMPLETED: 3,
  FAILED: 3,
  CANCELED: 3,
};
const TERMINAL_RANK = 3;

interface Seen {
  readonly state: State;
  readonly atMs: number;
}

export function collectSightings(): Sightings {
  const seen = new Map<string, Seen>();
  const ended: string[] = [];
  return {
    see(id, state, askedAtMs, nowMs) {
      const rank = RANKS[state.status];
      if (rank === undefined) return `its status is ${state.status}`;
      const before = seen.get(id);
      const isLower = before !== undefined && rank < RANKS[before.state.status]!;
      if (isLower) return before.atMs > askedAtMs ? undefined : `it was ${told(before.state)}, and then ${told(state)}`;
      if (before === undefined || rank > RANKS[before.state.status]!) {
        seen.set(id, { state, atMs: nowMs });
        if (rank === TERMINAL_RANK) ended.push(id);
        return undefined;
      }
      return told(before.state) === told(state)
        ? undefined
        : `it was ${told(before.state)}, and then ${told(state)}, although it had ended`;
    },
    latest: (id) => seen.get(id)?.state,
    ended: () => ended,
  };
}

export function isEnded({ status }: State): boolean {
  return RANKS[status] === TERMINAL_RANK;
}

export function told({ status, failureReason, captured }: State): string {
  return [status, failureReason, captured === null || captured === undefined ? '' : `(${captured})`]
    .filter((part) => part !== null && part !== '')
    .join(' ');
}
