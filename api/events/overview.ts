/** The events service's part of the overview, which api/console/ puts together: what waits to leave, and to be read. */
import type { Database } from '../../db/database.ts';
import { listOutboxes, listReaders } from '../../db/events/state-queries.ts';
import { boundedQuery } from '../http/bounded-query.ts';

interface Lag {
  /** `outbox/<source>` or `reader/<name>`. */
  readonly name: string;
  readonly events: number;
  readonly seconds: number;
  readonly is_stopped: boolean;
}

/** `database` is the events service's. */
export async function readLag(database: Database): Promise<Lag[]> {
  const [outboxes, readers] = await boundedQuery(database, () =>
    Promise.all([listOutboxes(database), listReaders(database)]),
  );
  return [
    ...outboxes.map(({ outbox, events, seconds, isStopped }) => ({
      ...{ name: `outbox/${outbox}`, events, seconds: round(seconds), is_stopped: isStopped },
    })),
    ...readers.map(({ reader, events, seconds }) => ({
      ...{ name: `reader/${reader}`, events, seconds: round(seconds), is_stopped: false },
    })),
  ].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** To tenths: the clocks of two servers do not agree any better. */
function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
