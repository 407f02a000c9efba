/**
 * The retries of an endpoint: deliveries whose time has come and, while the circuit is open, the probes.
 */
import { listDue, type DueDelivery } from '../../../db/events/delivery-queries.ts';
import { storeDelivered, storeFailure } from '../../../db/events/delivery-writes.ts';
import { noteRetry } from '../measured.ts';
import { createCatchUp } from './catch-up.ts';
import type { Course } from './course.ts';
import { createTurns } from './lanes.ts';

const AT_ONCE = 8;
const PAGE_MAX = 50;
/** Between two looks for what is due, while anything is pending. */
const POLL_MS = 1_000;
const IDLE_MS = 15_000;
/** After a look that found as much as it may. */
const PAUSE_MS = 100;

/** Returns once the course ends. Rejects if the database fails. */
export async function retryDeliveries(course: Course): Promise<void> {
  const { circuit, parked, ending, retriesAlarm } = course;
  const turns = createTurns(AT_ONCE);
  const catchUp = createCatchUp(course, turns);
  /** Probes have a turn of their own: the others may all be taken by what waits for the circuit. */
  const probeTurns = createTurns(1);
  const underWay = new Set<number>();
  let isTurnOfWaiting = false;

  for (const [subject, { pending }] of parked) if (pending === 0) catchUp.begin(subject);
  while (!ending.aborted) {
    if (!circuit.isOpen()) {
      const due = await look(PAGE_MAX, false);
      for (const delivery of due) void start(delivery, false);
      const idleMs = course.pendingCount() > 0 ? POLL_MS : IDLE_MS;
      await retriesAlarm.wait(due.length === PAGE_MAX ? PAUSE_MS : idleMs, ending);
    } else if (circuit.msToProbe() === 0) await probe();
    else await retriesAlarm.wait(Math.min(circuit.msToProbe(), IDLE_MS), ending);
  }

  /** One delivery or, in turn, one event that waits for the circuit, so that none which is refused for ever keeps that open. */
  async function probe(): Promise<void> {
    isTurnOfWaiting = !isTurnOfWaiting;
    if (isTurnOfWaiting && circuit.waiting() > 0) return circuit.letOneThrough();
    const [delivery] = await look(AT_ONCE + 1, true);
    if (delivery !== undefined) await start(delivery, true);
    else if (underWay.size > 0) await retriesAlarm.wait(PAUSE_MS, ending);
    else if (circuit.waiting() > 0 || course.pendingCount() === 0) circuit.letOneThrough();
    // The receiver wanted all that is pending later, and nothing new waits.
    else await retriesAlarm.wait(POLL_MS, ending);
  }

  /** What is due and not under way. What was under way when the look began may have ended since: it is for the next look. */
  async function look(limit: number, isEarly: boolean): Promise<DueDelivery[]> {
    const before = new Set(underWay);
    const due = await listDue(course.database, course.endpoint, limit, isEarly);
    return due.filter(({ position }) => !before.has(position));
  }

  async function start(delivery: DueDelivery, isProbe: boolean): Promise<void> {
    const { position, subject, isParking } = delivery;
    underWay.add(position);
    // A lane of a subject is free to send whenever the subject is parked; any other may stand at the circuit.
    const lane = isParking ? subject : `retry ${position}`;
    const work = async (): Promise<void> => {
      if (circuit.isOpen() && !isProbe) return;
      if ((await retry(course, delivery, isProbe)) && isParking) catchUp.release(subject);
    };
    await course.lanes
      .run(lane, isProbe ? probeTurns : turns, work)
      .catch(course.end)
      .finally(() => underWay.delete(position));
  }
}

/** Returns whether the delivery is over: delivered or given up. */
async function retry(course: Course, delivery: DueDelivery, isProbe: boolean): Promise<boolean> {
  const { database, owner, metrics } = course;
  const { position, isParking, payload, attempts, sinceFirstMs } = delivery;
  const tried = { attempts: attempts + 1, sinceFirstMs, parksSubject: isParking };
  if (payload === undefined) {
    const attempt = { errorCode: 'position_expired', durationMs: 0 };
    const given = { attempt, pauseMs: undefined, retryAfterMs: undefined, parksSubject: isParking };
    if ((await storeFailure(database, owner, delivery, given)) === undefined) {
      course.end();
      return false;
    }
    metrics?.deadLetters.add({ queue: 'webhooks' });
    course.addPending(-1);
    return true;
  }
  noteRetry(metrics, 'webhook');
  const result = await course.attempt(delivery, isProbe ? 'probe' : 'again');
  if (result === undefined) return false;
  if (!result.isAccepted) return (await course.fail(delivery, { ...tried, result })) === 'given up';
  if (!(await storeDelivered(database, owner, position, result))) {
    course.end();
    return false;
  }
  course.addPending(-1);
  return true;
}
