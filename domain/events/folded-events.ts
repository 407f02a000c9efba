/**
 * Many events of one type in one row of an outbox: a chunk of a batch writes its envelope once and a short row for each event. The
 * event log keeps each event by itself.
 */
import type { CloudEvent } from '../event.ts';

export interface FoldedEvents {
  readonly folded: 1;
  /** What all of them have in common. */
  readonly event: Omit<CloudEvent, 'id' | 'subject' | 'data'>;
  /** The column that is the subject. */
  readonly subject: string;
  /** The names of the data's members; the first is the movement's id. */
  readonly columns: readonly string[];
  /** In the order of their changes. Null where an event lacks the member. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The events of an outbox row's payload, in order. */
export function unfoldEvents(payload: CloudEvent | FoldedEvents): CloudEvent[] {
  if (!('folded' in payload)) return [payload];
  const { event, columns, rows } = payload;
  const subjectAt = columns.indexOf(payload.subject);
  return rows.map((row) => ({
    ...event,
    id: `${event.type}/${row[0]}`,
    subject: row[subjectAt]!,
    data: Object.fromEntries(
      columns.flatMap((name, at) => {
        const value = row[at];
        return value === null || value === undefined ? [] : [[name, value]];
      }),
    ),
  }));
}
