/**
 * The consumer, and the entry of this part of the package: it reads events and has each take effect once, whatever is killed when.
 * The handler writes in a transaction of the consumer's database; that an event was processed and how far the consumer has come are
 * committed with it or not at all.
 *
 *   source ── a page ──▶ BEGIN, leave out what is done, handle, move the cursor, COMMIT
 *                          └─ failed ──▶ park the page ──▶ each event by itself: again after a pause, then a dead letter
 */
import type { Event } from '../wire.ts';
import { leaveLease, renewLease, takeLease, type Lease } from './cursor.ts';
import { LeaseLostError, PositionExpiredError } from './errors.ts';
import { pause } from './pause.ts';
import type { AfterDeadLetter } from './parked.ts';
import type { EventPage, EventSource } from './source.ts';
import type { Connection, Store } from './store.ts';
import { createWork, type Work } from './work.ts';

export { PositionExpiredError } from './errors.ts';
export { resetConsumer } from './cursor.ts';
export { discardDeadLetter, listDeadLetters, retryDeadLetters, type DeadLetter } from './dead-letters.ts';
export { logOf, type EventPage, type EventSource, type LogOptions } from './source.ts';
export type { Connection, Lent, Store } from './store.ts';
export { CONSUMER_TABLES } from './tables.ts';
export type { Event } from '../wire.ts';

export interface ConsumeOptions<C extends Connection> {
  /** Names the consumer for ever: its cursor, its dead letters. Several processes of one name take turns. */
  readonly name: string;
  /** `logOf(client)`, or one of your own. */
  readonly source: EventSource;
  /** The database that the handler writes to, which has CONSUMER_TABLES. A Pool of `pg` fits. */
  readonly store: Store<C>;
  /**
   * Does what the events ask for, by this connection, whose transaction it must neither commit nor roll back. They are in the order
   * of the log, all new, a whole page if they go well. It may be called again with the same events, after its transaction was
   * rolled back. What it does elsewhere is done at least once.
   */
  readonly handle: (events: readonly Event[], connection: C) => Promise<void>;
  /** Ends `consume`, which finishes its transaction and lets another process go on at once. */
  readonly signal: AbortSignal;
  /** Called with what went wrong and is tried again, and with the event if it was its handling. Default: `console.error`. */
  readonly onError?: (error: unknown, event?: Event) => void;
  /** Called before an event is tried again that has failed, by itself or with its page. */
  readonly onRetry?: (event: Event) => void;
  /** Called when an event has become a dead letter, after its last attempt. */
  readonly onDeadLetter?: (event: Event) => void;
  /** What happens behind a dead letter in its subject. Default: `wait`. Other subjects always go on. */
  readonly afterDeadLetter?: AfterDeadLetter;
  /** The pauses between the attempts of one event, which are one more. Default: 1 s, 5 s, 30 s and 2 min, so five attempts. */
  readonly retryPausesMs?: readonly number[];
  /** The limit of a call of the handler, of a statement, and of a pause between two. Default: 10 000. */
  readonly handlerLimitMs?: number;
  /** How long a process that no longer answers keeps others waiting. Default: 10 000. */
  readonly leaseMs?: number;
  /** How long an event is told from its repeat where the source is not the log. Default: 7 days. */
  readonly processedKeptMs?: number;
}

const RETRY_PAUSES_MS = [1_000, 5_000, 30_000, 120_000];
const HANDLER_LIMIT_MS = 10_000;
const LEASE_MS = 10_000;
const PROCESSED_KEPT_MS = 7 * 24 * 3_600_000;
/** How often parked events are looked for while the source has nothing. */
const PARKED_POLL_MS = 1_000;
/** After a database or a source that did not answer. */
const RETRY_MS = 1_000;
/** Between two removals of rows that are no longer needed. */
const REMOVAL_EVENTS = 1_000;

/**
 * Consumes events until the signal ends it. Whatever fails is tried again. Throws a PositionExpiredError, and nothing else, once
 * the log no longer keeps what the consumer has to read.
 */
export async function consume<C extends Connection>(options: ConsumeOptions<C>): Promise<void> {
  const { name, store, signal, leaseMs = LEASE_MS, onError = console.error } = options;
  const holder = crypto.randomUUID();
  const work = createWork({
    store,
    handle: options.handle,
    onError,
    onRetry: options.onRetry ?? (() => {}),
    onDeadLetter: options.onDeadLetter ?? (() => {}),
    after: options.afterDeadLetter ?? 'wait',
    pausesMs: options.retryPausesMs ?? RETRY_PAUSES_MS,
    limitMs: options.handlerLimitMs ?? HANDLER_LIMIT_MS,
    keptMs: options.processedKeptMs ?? PROCESSED_KEPT_MS,
  });
  while (!signal.aborted) {
    let lease: Lease | undefined;
    try {
      lease = await takeLease(store, name, holder, leaseMs);
      if (lease !== undefined) await consumeWhileHeld(lease, work, options);
    } catch (error) {
      if (error instanceof PositionExpiredError) throw error;
      onError(error);
    } finally {
      if (lease !== undefined) await leaveLease(store, lease).catch(onError);
    }
    await pause(lease === undefined ? leaseMs / 3 : RETRY_MS, signal);
  }
}

/** Consumes until the signal, an error, or the end of the lease. */
async function consumeWhileHeld<C extends Connection>(
  lease: Lease,
  work: Work,
  { source, store, signal, leaseMs = LEASE_MS }: ConsumeOptions<C>,
): Promise<void> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const renewing = renew(store, lease, leaseMs, either).catch((error: unknown) => ending.abort(error));
  try {
    await consumePages(source, lease, work, either);
    if (ending.signal.aborted) throw ending.signal.reason;
  } finally {
    ending.abort();
    await renewing;
  }
}

async function consumePages(source: EventSource, lease: Lease, work: Work, signal: AbortSignal): Promise<void> {
  const pages = source.read(lease.position, signal)[Symbol.asyncIterator]();
  let next: ReturnType<typeof waitedFor<IteratorResult<EventPage>>> | undefined;
  let isFirst = true;
  let sinceRemoval = 0;
  let parkedDueAt = 0;
  try {
    while (!signal.aborted) {
      if (performance.now() >= parkedDueAt) {
        await work.retryParked(lease, signal);
        parkedDueAt = performance.now() + PARKED_POLL_MS;
      }
      next ??= waitedFor(pages.next());
      const arrived = await next(PARKED_POLL_MS, signal);
      if (arrived === undefined) continue;
      next = undefined;
      if (arrived.done === true) return;
      const page = arrived.value;
      // After a crash, the first events are handled one by one, each attempt counted: one of them may have been the reason.
      const isCareful = isFirst && lease.isAfterCrash;
      if (!(await (isCareful ? work.park(lease, page) : work.apply(lease, page)))) parkedDueAt = 0;
      if (page.events.length > 0) isFirst = false;
      await source.committed?.(page);
      sinceRemoval += page.events.length;
      if (sinceRemoval < REMOVAL_EVENTS) continue;
      sinceRemoval = 0;
      await work.removeProcessed(lease, page.readTo);
    }
  } finally {
    // One that is asked for a page at this moment ends by its signal.
    void pages.return?.().catch(() => {});
  }
}

/** Prolongs the lease until the signal. Throws once it is another's, or may be. */
async function renew(store: Store, lease: Lease, leaseMs: number, signal: AbortSignal): Promise<void> {
  let heldUntil = performance.now() + leaseMs;
  while (!signal.aborted) {
    await pause(leaseMs / 3, signal);
    if (signal.aborted) return;
    const askedAt = performance.now();
    try {
      await renewLease(store, lease, leaseMs);
      heldUntil = askedAt + leaseMs;
    } catch (error) {
      if (error instanceof LeaseLostError || performance.now() > heldUntil) throw error;
    }
  }
}

/**
 * Waits for a promise in parts: each call returns what is promised, or undefined if that takes longer or the signal comes first. Of
 * Promise.race, each part would leave something behind with a promise that stays pending, as in a log to which nothing is added.
 */
function waitedFor<T>(promise: Promise<T>): (ms: number, signal: AbortSignal) => Promise<T | undefined> {
  let isSettled = false;
  let wait = new AbortController();
  const settle = (): void => {
    isSettled = true;
    wait.abort();
  };
  promise.then(settle, settle);
  return async (ms, signal) => {
    if (!isSettled) {
      wait = new AbortController();
      await pause(ms, AbortSignal.any([signal, wait.signal]));
    }
    return isSettled ? promise : undefined;
  };
}
