/**
 * The writing end of the event log: appends pages of events one after the other, each with its chain, under the relay's lease.
 */
import { hash } from 'node:crypto';
import type { CloudEvent } from '../../domain/event.ts';
import type { Database } from '../../db/database.ts';
import type { Lease } from '../../db/events/lease-queries.ts';
import {
  appendEvents,
  extendLog,
  readHead,
  type ChainedEvent,
  type OutboxCursor,
} from '../../db/events/log-queries.ts';
import type { RecentEvents } from './recent-events.ts';

/** A partition is made so many positions before it is needed, so that no append waits for it. */
const AHEAD = 20_000;

/** An event and its text, which the chain is made of. */
export interface EventText {
  readonly event: CloudEvent;
  readonly payload: string;
}

export interface LogWriter {
  /** The lease under which it writes. */
  readonly lease: Lease;
  /**
   * Appends events of an outbox and stores its cursor, both or neither. Returns false, and changes nothing, if another relay has
   * taken over or the outbox was stopped. Calls take turns.
   */
  readonly append: (events: readonly EventText[], cursor: OutboxCursor) => Promise<boolean>;
}

/** `recent` is told of each append. */
export async function openLog(database: Database, lease: Lease, recent?: RecentEvents): Promise<LogWriter> {
  let head = await readHead(database);
  let extendedTo = 0;
  let turn: Promise<unknown> = Promise.resolve();
  return {
    lease,
    append(events, cursor) {
      const appended = turn.then(() => appendNow(events, cursor));
      turn = appended.catch(() => {});
      return appended;
    },
  };

  async function appendNow(events: readonly EventText[], cursor: OutboxCursor): Promise<boolean> {
    const chained = chainAll(head.chain, events);
    const position = head.position + chained.length;
    if (position + AHEAD > extendedTo) extendedTo = await extendLog(database, position + AHEAD);
    if (!(await appendEvents(database, lease, head.position, chained, cursor))) return false;
    const before = head;
    head = { ...head, position, chain: chained.at(-1)?.chain ?? head.chain };
    recent?.note(before, events, head);
    return true;
  }
}

function chainAll(before: string, events: readonly EventText[]): ChainedEvent[] {
  let chain = before;
  return events.map(({ event, payload }) => {
    chain = hash('sha256', Buffer.concat([Buffer.from(chain, 'hex'), Buffer.from(payload)]));
    return { event, payload, chain };
  });
}
