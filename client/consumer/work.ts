/** What a consumer does in its database under its lease: applies a page, or parks it, and works through what is parked. */
import type { Event } from '../wire.ts';
import { moveCursor, type Lease } from './cursor.ts';
import { LeaseLostError } from './errors.ts';
import {
  claimByIds,
  claimByPosition,
  noteFailure,
  parkEvents,
  takeDue,
  unpark,
  type AfterDeadLetter,
  type DueEvent,
} from './parked.ts';
import { removeProcessed } from './processed.ts';
import type { EventPage } from './source.ts';
import { inTransaction, StoreError, withinLimit, type Connection, type Store } from './store.ts';

export interface Work {
  /** Applies a page in one transaction; if a handler fails, parks it instead. Returns whether nothing was parked. */
  readonly apply: (lease: Lease, page: EventPage) => Promise<boolean>;
  /** Returns false. */
  readonly park: (lease: Lease, page: EventPage) => Promise<boolean>;
  /** Makes the attempts that are due, each in a transaction. */
  readonly retryParked: (lease: Lease, signal: AbortSignal) => Promise<void>;
  readonly removeProcessed: (lease: Lease, readTo: number | undefined) => Promise<void>;
}

export interface WorkDeps<C extends Connection> {
  readonly store: Store<C>;
  readonly handle: (events: readonly Event[], connection: C) => Promise<void>;
  readonly onError: (error: unknown, event?: Event) => void;
  readonly onRetry: (event: Event) => void;
  readonly onDeadLetter: (event: Event) => void;
  readonly after: AfterDeadLetter;
  readonly pausesMs: readonly number[];
  readonly limitMs: number;
  readonly keptMs: number;
}

/** Every function throws if the database does not answer, or a LeaseLostError if another process works now. */
export function createWork<C extends Connection>(deps: WorkDeps<C>): Work {
  const { store, handle, onError, onRetry, onDeadLetter, after, pausesMs, limitMs, keptMs } = deps;
  const attemptsMax = pausesMs.length + 1;
  const transaction = <T>(work: (connection: C) => Promise<T>): Promise<T> => inTransaction(store, limitMs, work);
  const giveUp = async (lease: Lease, due: DueEvent, error: unknown): Promise<void> => {
    await transaction(async (connection) => {
      await noteFailure(connection, lease, due, error, { after, attemptsMax });
      await moveCursor(connection, lease, undefined);
    });
    if (due.attempts >= attemptsMax) onDeadLetter(due.event);
  };

  async function apply(lease: Lease, page: EventPage): Promise<boolean> {
    try {
      return await transaction((connection) => applyIn(connection, lease, page, deps));
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof StoreError || page.events.length === 0) throw error;
      return park(lease, page);
    }
  }

  async function park(lease: Lease, page: EventPage): Promise<boolean> {
    await transaction(async (connection) => {
      await parkEvents(connection, lease, after, page);
      await moveCursor(connection, lease, page.readTo);
    });
    return false;
  }

  async function retryParked(lease: Lease, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = await takeDue(store, lease, pausesMs);
      if (due === undefined) return;
      await attempt(lease, due);
    }
  }

  async function attempt(lease: Lease, due: DueEvent): Promise<void> {
    const { event, attempts } = due;
    // The last attempt has ended the process: there is nothing more to try.
    if (attempts > attemptsMax) return giveUp(lease, due, undefined);
    onRetry(event);
    try {
      await transaction(async (connection) => {
        if (await unpark(connection, lease, event)) await withinLimit(limitMs, handle([event], connection));
        await moveCursor(connection, lease, undefined);
      });
    } catch (error) {
      if (error instanceof LeaseLostError || error instanceof StoreError) throw error;
      onError(error, event);
      await giveUp(lease, due, error);
    }
  }

  return {
    apply,
    park,
    retryParked,
    removeProcessed: (lease, readTo) => removeProcessed(store, lease, readTo, keptMs),
  };
}

/** The page within a transaction. Returns whether nothing was parked. */
async function applyIn<C extends Connection>(
  connection: C,
  lease: Lease,
  page: EventPage,
  { handle, after, limitMs }: WorkDeps<C>,
): Promise<boolean> {
  const { events, readTo } = page;
  if (events.length === 0) {
    await moveCursor(connection, lease, readTo);
    return true;
  }
  const claim = readTo === undefined ? claimByIds : claimByPosition;
  const { fresh, waiting } = await claim(connection, lease, after, events);
  if (fresh.size > 0) await withinLimit(limitMs, handle(takeOut(events, fresh), connection));
  if (waiting.size > 0) await parkEvents(connection, lease, after, { ...page, events: takeOut(events, waiting) });
  await moveCursor(connection, lease, readTo);
  return waiting.size === 0;
}

/** The events with these ids, each once. */
function takeOut(events: readonly Event[], ids: ReadonlySet<string>): Event[] {
  const left = new Set(ids);
  return events.filter(({ id }) => left.delete(id));
}
