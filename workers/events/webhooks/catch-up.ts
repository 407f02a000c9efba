/** The end of a subject's wait: the events that waited behind one that failed are sent, in their order. */
import { lookAgain, readEvents } from '../../../db/events/delivery-queries.ts';
import { moveParked, unpark } from '../../../db/events/delivery-writes.ts';
import type { Course } from './course.ts';
import type { Turns } from './lanes.ts';

const PAGE_MAX = 100;

export interface CatchUp {
  /** Sends what has waited, unless a delivery still holds the subject up. */
  readonly begin: (subject: string) => void;
  /** One delivery less holds the subject up. */
  readonly release: (subject: string) => void;
}

export function createCatchUp(course: Course, turns: Turns): CatchUp {
  const { database, endpoint, owner, lanes, circuit, parked, passedOver, ending } = course;

  const catchUp: CatchUp = {
    begin(subject) {
      lanes.run(subject, turns, () => sendAll(subject)).catch(course.end);
    },
    release(subject) {
      const hold = parked.get(subject);
      if (hold === undefined) return;
      parked.set(subject, { ...hold, pending: hold.pending - 1 });
      if (hold.pending <= 1) catchUp.begin(subject);
    },
  };
  return catchUp;

  /** Sends until nothing waits; then the subject's new events are sent by the ordinary way again. */
  async function sendAll(subject: string): Promise<void> {
    for (;;) {
      const hold = parked.get(subject);
      if (hold === undefined || hold.pending > 0 || ending.aborted) return;
      const last = Math.max(endpoint.cursor, passedOver.get(subject) ?? 0);
      const range = {
        tenant: endpoint.tenant,
        after: hold.readTo,
        last,
        limit: PAGE_MAX,
        types: endpoint.types,
        subject,
      };
      const { events } = await readEvents(database, range);
      const { isUnchanged, firstPosition } = await lookAgain(database, endpoint);
      if (!isUnchanged) return course.end();
      if (hold.readTo < Math.min(last, firstPosition - 1)) return course.disable('position_expired');
      if (events.length === 0) break;
      let { readTo } = hold;
      for (const event of events) {
        const result = await course.attempt(event, (await circuit.pass()) ? 'probe' : 'first');
        if (result === undefined) return;
        if (!result.isAccepted) {
          const failed = { result, attempts: 1, sinceFirstMs: 0, parksSubject: true };
          if ((await course.fail(event, failed)) === undefined) return;
          parked.set(subject, { readTo: event.position, pending: 1 });
          return;
        }
        readTo = event.position;
      }
      parked.set(subject, { ...hold, readTo });
      if (!(await moveParked(database, owner, subject, readTo))) return course.end();
    }
    parked.delete(subject);
    passedOver.delete(subject);
    await unpark(database, owner, subject);
  }
}
