/**
 * The states in which a movement, or an order, was seen, in any answer and any row. What has ended never changes, and no status is
 * followed by a lower one. Pure.
 */
export interface State {
  readonly status: string;
  readonly failureReason: string | null;
  /** The amount that arrived, of a transfer that has ended. */
  readonly captured: string | null;
}

export interface Sightings {
  /**
   * Notes a state, and returns what is wrong with it, if anything. `askedAtMs` is the time of the request: a state that was known
   * before that must not be contradicted; a state that became known later may be newer.
   */
  readonly see: (id: string, state: State, askedAtMs: number, nowMs: number) => string | undefined;
  /** The state in which the movement was seen last. */
  readonly latest: (id: string) => State | undefined;
  /** The ids of the movements that were seen to have ended. */
  readonly ended: () => readonly string[];
}

const RANKS: Readonly<Record<string, number>> = {
  AWAITING_APPROVAL: -1,
  SCHEDULED: 0,
  PENDING: 1,
  DEBITED: 2,
  CONFIRMED: 2,
  PROCESSED: 3,
  COMPLETED: 3,
  PARTLY_COMPLETED: 3,
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
