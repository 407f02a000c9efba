/** The end of the resuming of an outbox: what the log and the outbox differ by is counted once, and from then on they grow alike. */
import type { Database } from '../../db/database.ts';
import type { Lease } from '../../db/events/lease-queries.ts';
import { settleResume, sumLogged } from '../../db/events/source-queries.ts';
import { sumOutbox, type EventSum } from '../../db/outbox-queries.ts';

export interface ResumedOutbox {
  readonly source: string;
  readonly outbox: Database;
  /** The events service's database. */
  readonly database: Database;
  readonly lease: Lease;
  /** Everything that it shows was copied. */
  readonly snapshot: string;
}

/** Returns false if another relay has taken over. */
export async function settleResumed({ source, outbox, database, lease, snapshot }: ResumedOutbox): Promise<boolean> {
  const had = await sumOutbox(outbox, snapshot);
  const logged = await sumLogged(database, source);
  const total = had.reduce((sum, { count }) => sum + count, 0n);
  return settleResume(database, lease, source, total, differences(logged, had));
}

/** What the first has more than the second, by type. */
function differences(first: readonly EventSum[], second: readonly EventSum[]): EventSum[] {
  const types = new Set([...first, ...second].map(({ type }) => type));
  return [...types].map((type) => {
    const [more, less] = [first, second].map((sums) => sums.find((sum) => sum.type === type));
    return {
      type,
      count: (more?.count ?? 0n) - (less?.count ?? 0n),
      digest: (more?.digest ?? 0n) - (less?.digest ?? 0n),
    };
  });
}
