/**
 * The new events of an endpoint, from its cursor on: read ahead a little, sent in lanes by subject, and passed by the cursor once they
 * and all before them were delivered, or have a delivery of their own, or wait behind one of their subject. What was sent and not
 * passed yet is sent again after a crash, with the same id.
 *
 *   log ──▶ window ──▶ lanes ──▶ receiver ──▶ cursor
 */
import { lookAgain, readEvents } from '../../../db/events/delivery-queries.ts';
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
      if (window.size() >= WINDOW_LOW || after >= head || course.pendingCount() >= PENDING_MAX) {
        await window.room.wait(IDLE_MS, ending);
        continue;
      }
      const last = Math.min(head, after + POSITIONS_MAX);
      const { events, isCut } = await readEvents(database, { after, last, limit: PAGE_MAX, types: endpoint.types });
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
    const { event } = entry;
    const { subject, position: at } = event;
    const hold = isOrdered ? parked.get(subject) : undefined;
    if (hold !== undefined) {
      if (at > hold.readTo) passedOver.set(subject, at);
      return window.finish(entry);
    }
    const result = await course.attempt(event, (await circuit.pass()) ? 'probe' : 'first');
    if (result === undefined) return;
    if (!result.isAccepted) {
      const failed = { result, attempts: 1, sinceFirstMs: 0, parksSubject: isOrdered };
      if ((await course.fail(event, failed)) === undefined) return;
      if (isOrdered) parked.set(subject, { readTo: at, pending: 1 });
    }
    window.finish(entry);
  }
}
