/** Sets of events by outbox and type, each known by its number and the sum of its events' digests, whatever their order. */

export interface EventSet {
  readonly source: string;
  readonly type: string;
  readonly count: bigint;
  readonly digest: bigint;
}

/** As the database writes a set. */
export interface EventSetRow {
  readonly source: string;
  readonly type: string;
  readonly count: string;
  readonly digest: string;
}

export interface EventSets {
  /** Adds the rows, or takes them away. */
  readonly add: (rows: readonly EventSetRow[], sign?: 1n | -1n) => void;
  readonly of: (source: string, type: string) => EventSet;
  readonly all: () => EventSet[];
}

export function createEventSets(): EventSets {
  const sets = new Map<string, EventSet>();
  const of = (source: string, type: string): EventSet =>
    sets.get(`${source} ${type}`) ?? { source, type, count: 0n, digest: 0n };
  return {
    add(rows, sign = 1n) {
      for (const { source, type, count, digest } of rows) {
        const before = of(source, type);
        sets.set(`${source} ${type}`, {
          ...before,
          count: before.count + sign * BigInt(count),
          digest: before.digest + sign * BigInt(digest),
        });
      }
    },
    of,
    all: () => [...sets.values()],
  };
}
