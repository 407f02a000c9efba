/**
 * The replays of an endpoint, one after the other: events of a range are sent again, beside the new ones, with the same ids. While the
 * circuit is open, one event of a replay waits for it among the new events, and may be its next probe.
 */
import { lookAgain, readEvents, readGivenUp, type EventToSend } from '../../../db/events/delivery-queries.ts';
import { expireReplay, moveReplay, nextReplay, type WebhookReplay } from '../../../db/events/replay-queries.ts';
import type { Alarm } from './alarm.ts';
import type { Course } from './course.ts';
import { createTurns } from './lanes.ts';

const AT_ONCE = 4;
const PAGE_MAX = 200;
const POSITIONS_MAX = 20_000;
const IDLE_MS = 60_000;

/** `alarm` rings if there may be a new one. Returns once the course ends. Rejects if the database fails. */
export async function replayEvents(course: Course, alarm: Alarm): Promise<void> {
  const { database, endpoint, owner, lanes, circuit, ending } = course;
  const { webhookEndpointId } = endpoint;
  const turns = createTurns(AT_ONCE);

  while (!ending.aborted) {
    const replay = await nextReplay(database, webhookEndpointId);
    if (replay === undefined) await alarm.wait(IDLE_MS, ending);
    else await sendPage(replay, circuit.isOpen() ? 1 : PAGE_MAX);
  }

  async function sendPage(replay: WebhookReplay, limit: number): Promise<void> {
    const last = Math.min(replay.toPosition, replay.readTo + POSITIONS_MAX);
    const range = { tenant: endpoint.tenant, after: replay.readTo, last, limit, types: replay.types ?? endpoint.types };
    const { events, isCut } = replay.onlyFailed
      ? await readGivenUp(database, webhookEndpointId, range)
      : await readEvents(database, range);
    const { isUnchanged, firstPosition } = await lookAgain(database, endpoint);
    if (!isUnchanged) return course.end();
    // What was given up is known without the log, event by event.
    if (!replay.onlyFailed && replay.readTo < firstPosition - 1) {
      if (!(await expireReplay(database, owner, replay))) course.end();
      return;
    }
    // A probe that were not made would keep the circuit open for ever: it is waited for only by an event that can be sent.
    const isProbe = limit === 1 && events[0]?.payload !== undefined && (await circuit.pass());
    const sent = await Promise.all(
      events.map(async (event) => {
        // Not in its subject's lane, where a new event may wait for the circuit.
        const isInOrder = endpoint.ordering === 'subject' && !isProbe;
        let outcome: Outcome;
        await lanes.run(isInOrder ? event.subject : `replay ${event.position}`, turns, async () => {
          outcome = await send(event, isProbe);
        });
        return { position: event.position, outcome };
      }),
    );
    const unsent = sent.find(({ outcome }) => outcome === undefined);
    const readTo = unsent !== undefined ? unsent.position - 1 : isCut ? events.at(-1)!.position : last;
    const passed = sent.filter(({ position }) => position <= readTo);
    const delivered = passed.filter(({ outcome }) => outcome === 'delivered').map(({ position }) => position);
    const done = { readTo, delivered, failedCount: passed.length - delivered.length };
    if (readTo > replay.readTo && !(await moveReplay(database, owner, replay, done))) course.end();
  }

  /** Undefined if it was not sent. */
  async function send(event: EventToSend, isProbe: boolean): Promise<Outcome> {
    if (event.payload === undefined) return 'failed';
    // It must not wait for the circuit here: a delivery of the same subject may be the next probe.
    if (circuit.isOpen() && !isProbe) return undefined;
    const result = await course.attempt(event, isProbe ? 'probe' : 'first');
    if (result === undefined) return undefined;
    if (result.isAccepted) return 'delivered';
    const failed = { result, attempts: 1, sinceFirstMs: 0, parksSubject: false };
    return (await course.fail(event, failed)) && 'failed';
  }
}

type Outcome = 'delivered' | 'failed' | undefined;
