/**
 * The new events of an endpoint, from its cursor on: read ahead a little, sent in lanes by subject, and passed by the cursor once they
 * and all before them were delivered, or have a delivery of their own, or wait behind one of their subject. What was sent and not
 * passed yet is sent again after a crash, with the same id.
 *
 *   log ──▶ window ──▶ lanes ──▶ receiver ──▶ cursor
 */
import { lookAgain, readEvents, type EventToSend } from '../../../db/events/delivery-queries.ts';
import type { LogHead } from '../../../db/events/log-queries.ts';
import type { Course } from './course.ts';
import { createTurns } from './lanes.ts';
import { openWindow, type Entry } from './window.ts';

export interface LiveEvents {
  /** Says how far the log goes. */
  readonly advance: (head: LogHead) => void;
  /** Resolves once the course has ended and so has what was under way. */
  readonly ended: Promise<void>;
}

/** Events that are read and not passed yet: read again below the first number, up to so many more. */
const WINDOW_LOW = 250;
const PAGE_MAX = 500;
/** Both, while the circuit is open. */
const READ_AHEAD_WHILE_DOWN = 16;
/** How many positions a page looks through for events of the types that are asked for. */
const POSITIONS_MAX = 20_000;
/** Requests at once, besides those of retries. */
export const LIVE_AT_ONCE = 16;
/** With so many deliveries pending, nothing new is read. */
const PENDING_MAX = 5_000;
const IDLE_MS = 60_000;

export function deliverLive(course: Course, { position, firstPosition }: LogHead): LiveEvents {
  const { database, endpoint, lanes, circuit, parked, passedOver, ending } = course;
  const isOrdered = endpoint.ordering === 'subject';
  const turns = createTurns(LIVE_AT_ONCE);
  const window = openWindow(course);
  let head = position;

  const isExpired = (first: number): boolean => window.readTo() < first - 1;
  const loops = isExpired(firstPosition) ? [course.disable('position_expired')] : [read(), window.moveCursorAlong()];
  for (const loop of loops) loop.catch(course.end);
  return {
    advance(to) {
      head = to.position;
      if (window.readTo() < head) window.room.ring();
    },
    ended: Promise.allSettled(loops).then(() => {}),
  };

  async function read(): Promise<void> {
    while (!ending.aborted) {
      const after = window.readTo();
      const isDown = circuit.isOpen();
      if (isDown) window.forgetPayloads();
      const low = isDown ? READ_AHEAD_WHILE_DOWN : WINDOW_LOW;
      if (window.size() >= low || after >= head || course.pendingCount() >= PENDING_MAX) {
        await window.room.wait(IDLE_MS, ending);
        continue;
      }
      const last = Math.min(head, after + POSITIONS_MAX);
      const limit = isDown ? READ_AHEAD_WHILE_DOWN : PAGE_MAX;
      const { events, isCut } = await readEvents(database, {
        tenant: endpoint.tenant,
        after,
        last,
        limit,
        types: endpoint.types,
      });
      const { isUnchanged, firstPosition: first } = await lookAgain(database, endpoint);
      if (!isUnchanged) return course.end();
      // Partitions are dropped whole, so a page that was read before this look has no gap if this look finds none.
      if (isExpired(first)) return course.disable('position_expired');
      for (const entry of window.add(events, isCut ? events.at(-1)!.position : last)) {
        const lane = isOrdered ? entry.event.subject : `live ${entry.event.position}`;
        lanes.run(lane, turns, () => deliver(entry)).catch(course.end);
      }
    }
  }

  async function deliver(entry: Entry): Promise<void> {
    const { subject, position: at } = entry.event;
    const hold = isOrdered ? parked.get(subject) : undefined;
    if (hold !== undefined) {
      if (at > hold.readTo) passedOver.set(subject, at);
      return window.finish(entry);
    }
    const kind = (await circuit.pass()) ? 'probe' : 'first';
    const event = await withPayload(course, entry);
    if (event === undefined) return;
    const result = await course.attempt(event, kind);
    if (result === undefined) return;
    if (!result.isAccepted) {
      const failed = { result, attempts: 1, sinceFirstMs: 0, parksSubject: isOrdered };
      if ((await course.fail(event, failed)) === undefined) return;
      if (isOrdered) parked.set(subject, { readTo: at, pending: 1 });
    }
    window.finish(entry);
  }
}

/** The event of an entry, read again if its payload was forgotten. Undefined, which ends the course, if the log keeps it no longer. */
async function withPayload(course: Course, { event }: Entry): Promise<EventToSend | undefined> {
  if (event.payload !== undefined || course.ending.aborted) return event;
  const { position: at } = event;
  const range = { tenant: course.endpoint.tenant, after: at - 1, last: at, limit: 1, types: [event.type] };
  const { events } = await readEvents(course.database, range);
  if (events.length === 0) await course.disable('position_expired');
  return events[0];
}
