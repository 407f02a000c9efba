/** The events service's part of what is found, which api/console/ puts together: an event by its position. */
import type { Database } from '../../db/database.ts';
import { readLog } from '../../db/events/log-queries.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Found } from '../../domain/found.ts';
import { boundedQuery } from '../http/bounded-query.ts';

/** `database` is the events service's. */
export async function findEventAt(database: Database, tenant: Tenant, position: number): Promise<Found[]> {
  const { events } = await boundedQuery(database, () => readLog(database, position - 1, 1, { tenant }, 1));
  return events
    .filter((each) => each.position === position)
    .map(({ event }) => ({
      ...{ type: 'event' as const, id: String(position), matched: 'position' as const },
      ...{ label: `${event.type} ${event.subject}`, status: null, at: event.time },
    }));
}
