/**
 * The events of an endpoint that were read and that the cursor has not passed: it passes an event once that and all before it are
 * done.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventToSend } from '../../../db/events/delivery-queries.ts';
import { moveCursor } from '../../../db/events/delivery-writes.ts';
import { createAlarm, type Alarm } from './alarm.ts';
import type { Course } from './course.ts';

export interface Entry {
  event: EventToSend;
  isDone: boolean;
}

export interface Window {
  readonly size: () => number;
  /** Up to here the log was read. */
  readonly readTo: () => number;
  /** Takes in the events of a page that ends at this position. */
  readonly add: (events: readonly EventToSend[], readTo: number) => Entry[];
  /** Delivered, or stored as a delivery, or waiting behind one. */
  readonly finish: (entry: Entry) => void;
  /** Frees the memory of events that wait: what is sent of them later is read again. */
  readonly forgetPayloads: () => void;
  /** Rings when there is room. */
  readonly room: Alarm;
  /** Moves the cursor until the course ends and what was under way has. Rejects if the database fails. */
  readonly moveCursorAlong: () => Promise<void>;
}

/** Between two moves of the cursor at least. */
const PAUSE_MS = 50;
const IDLE_MS = 60_000;

export function openWindow({ database, endpoint, owner, lanes, ending, takeSuccess, end }: Course): Window {
  const entries: Entry[] = [];
  const progress = createAlarm();
  const room = createAlarm();
  let committed = endpoint.cursor;
  let readTo = endpoint.cursor;

  return {
    size: () => entries.length,
    readTo: () => readTo,
    room,
    add(events, to) {
      const added = events.map((event) => ({ event, isDone: false }));
      entries.push(...added);
      readTo = to;
      progress.ring();
      return added;
    },
    finish(entry) {
      entry.isDone = true;
      progress.ring();
    },
    forgetPayloads() {
      for (const entry of entries)
        if (entry.event.payload !== undefined) entry.event = { ...entry.event, payload: undefined };
    },
    async moveCursorAlong() {
      for (let isLast = false; !isLast;) {
        await progress.wait(IDLE_MS, ending);
        isLast = ending.aborted;
        if (isLast) await lanes.settled();
        while (entries[0]?.isDone === true) entries.shift();
        const to = entries.length > 0 ? entries[0]!.event.position - 1 : readTo;
        const hasSucceeded = takeSuccess();
        if (to > committed || hasSucceeded) {
          if (!(await moveCursor(database, owner, { from: committed, to, hasSucceeded }))) return end();
          committed = to;
        }
        room.ring();
        await sleep(PAUSE_MS, undefined, { signal: ending }).catch(() => {});
      }
    },
  };
}
