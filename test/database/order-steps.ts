// What the tests of the services of orders share: orders by names instead of ids, calls in any order and at once, and the events
// that they leave.

import assert from 'node:assert/strict';
import { orderId } from '../../domain/derived-id.ts';
import type { CloudEvent } from '../../domain/event.ts';
import type { OrderId } from '../../domain/ids.ts';
import { eventFaults } from '../pure/event-validation.ts';
import { rowsOf, type TestDatabase } from './database.ts';
import { fresh } from './wallets.ts';

export function freshOrder(): OrderId {
  return orderId(fresh('order'));
}

let faultsOf: ReturnType<typeof eventFaults> | undefined;

/** The types of the events of a subject in the order in which they were written; each event is valid by its schema, and unique. */
export async function eventsOf({ admin }: TestDatabase, subject: string): Promise<string[]> {
  faultsOf ??= eventFaults();
  const rows = await rowsOf<{ event_id: string; payload: CloudEvent }>(
    admin,
    `SELECT event_id, payload FROM outbox_events WHERE subject = '${subject}' ORDER BY sequence`,
  );
  for (const { payload } of rows) assert.deepEqual(faultsOf({ ...payload }), []);
  assert.equal(new Set(rows.map(({ event_id }) => event_id)).size, rows.length);
  return rows.map(({ payload }) => payload.type);
}

/** The constraint by whose name a call was refused. */
export async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => ((error as Error).cause as { constraint?: string } | undefined)?.constraint ?? String(error),
  );
}
