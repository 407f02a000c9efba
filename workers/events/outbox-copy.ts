/** The copying of one outbox into the event log: a page at a time, with the outbox's cursor moved in the page's own transaction. */
import { unfoldEvents, type FoldedEvents } from '../../domain/events/folded-events.ts';
import type { CloudEvent } from '../../domain/event.ts';
import type { OutboxCursor } from '../../db/events/log-queries.ts';
import { withoutLogged } from '../../db/events/source-queries.ts';
import { continueWindow, openWindow, type OutboxPage } from '../../db/outbox-queries.ts';
import type { Metrics } from '../../process/metrics.ts';
import { BURST_EVENTS } from './burst.ts';
import type { EventText, LogWriter } from './log-writer.ts';
import { countConsumed, noteDuration, noteRetry } from './measured.ts';
import { checkedCursor, stopOutbox, type CopiedOutbox } from './outbox-cursor.ts';

/** A page has at most so many rows, and ends behind the one that reaches so many events. */
const PAGE = { rowsMax: 2_000, eventsMax: 4_000 };
/** So long an outbox is left alone that could not be read. */
const RETRY_MS = 1_000;

export interface OutboxCopyDeps extends CopiedOutbox {
  readonly log: LogWriter;
  /** Waits for a bounded time, while much is being written. */
  readonly untilBurstIsOver: () => Promise<void>;
  readonly metrics?: Metrics | undefined;
}

export interface Copied {
  readonly events: number;
  /** Whether the next page is there already. */
  readonly hasMore: boolean;
  /** Whether another relay has taken over. */
  readonly isLost: boolean;
}

const NOTHING: Copied = { events: 0, hasMore: false, isLost: false };

/**
 * Copies the next page at each call. An outbox that does not answer, or that is stopped, is left alone for a second, and the others
 * go on. Throws if the log cannot be written.
 */
export function createOutboxCopy(deps: OutboxCopyDeps): () => Promise<Copied> {
  const { source, outbox, database, log, untilBurstIsOver, logger, metrics } = deps;
  let cursor: OutboxCursor | undefined;
  let notBefore = 0;
  let hasWaited = false;

  return async () => {
    const beganAt = performance.now();
    if (beganAt < notBefore) return NOTHING;
    const read = await readNext().catch((error: unknown) => {
      noteRetry(metrics, 'relay');
      logger.warn({ err: error, source }, 'an outbox could not be read: tried again soon');
      return undefined;
    });
    if (read === undefined) {
      cursor = undefined;
      notBefore = performance.now() + RETRY_MS;
      return NOTHING;
    }
    const { page, next } = read;
    const found = page.rows.reduce((sum, { eventCount }) => sum + eventCount, 0);
    // The window is opened anew after the wait, and then copied to its end.
    if (found >= BURST_EVENTS && cursor?.window === undefined && !hasWaited) {
      await untilBurstIsOver();
      hasWaited = true;
      return { ...NOTHING, hasMore: true };
    }
    hasWaited = false;
    const unfolded = page.rows.flatMap(({ payload }) => eventsOf(payload));
    const events = next.isResuming ? await withoutLogged(database, unfolded) : unfolded;
    // A cursor that has passed no event is stored with the next one: what it passed is passed again after a crash.
    if ((events.length > 0 || next.isResuming) && !(await log.append(events, next)))
      return { ...NOTHING, isLost: true };
    // The end of a resuming is seen to when the cursor is read again.
    cursor = next.isResuming && !page.hasMore ? undefined : next;
    if (events.length > 0) {
      noteDuration(metrics, 'relay', performance.now() - beganAt);
      countConsumed(metrics, 'relay', events.length);
    }
    return { events: events.length, hasMore: page.hasMore || cursor === undefined, isLost: false };
  };

  /** The next page, and the cursor behind it. Undefined if the outbox is stopped, or is not what it was. */
  async function readNext(): Promise<{ page: OutboxPage; next: OutboxCursor } | undefined> {
    const from = (cursor ??= await checkedCursor(deps));
    if (from.stoppedReason !== undefined) return undefined;
    const { snapshot, window } = from;
    const page = await (window === undefined
      ? openWindow(outbox, snapshot, PAGE)
      : continueWindow(outbox, snapshot, window, PAGE));
    if (snapshot !== undefined && page.transactionsBegun < transactionsBegun(snapshot)) {
      await stopOutbox(deps, 'its transaction numbers went back: it was restored', from);
      return undefined;
    }
    const last = page.rows.at(-1);
    const witness = last ?? from.witness;
    const next = page.hasMore
      ? { ...from, witness, window: { end: page.end, sequence: last!.sequence } }
      : { ...from, witness, snapshot: page.end, window: undefined };
    return { page, next };
  }
}

/** The number that the next transaction is given: the middle part of a snapshot's `xmin:xmax:xip`. */
function transactionsBegun(snapshot: string): bigint {
  return BigInt(snapshot.split(':')[1]!);
}

/** The events of an outbox's row. A single one keeps its text. */
function eventsOf(payload: string): EventText[] {
  const content = JSON.parse(payload) as CloudEvent | FoldedEvents;
  return 'folded' in content
    ? unfoldEvents(content).map((event) => ({ event, payload: JSON.stringify(event) }))
    : [{ event: content, payload }];
}
