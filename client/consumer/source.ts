/**
 * Where a consumer's events come from: Counterpoise's log by its API, or whatever else yields pages of its events, such as Kafka.
 */
import type { Client } from '../client.ts';
import { CounterpoiseError } from '../errors.ts';
import type { Event } from '../wire.ts';
import { PositionExpiredError } from './errors.ts';
import { pause } from './pause.ts';

export interface EventPage {
  /** In the order in which they are to take effect, that of each subject at least. */
  readonly events: readonly Event[];
  /**
   * From the log, in its order: all events up to this position are in this page or in earlier ones. The consumer's cursor moves to
   * it. Left out by a source that has another order: then the source keeps its own place, and the events' ids say what is done.
   */
  readonly readTo?: number;
}

export interface EventSource {
  /**
   * Yields what follows the position `after`, page after page, and waits for more at the end, until the signal ends it. What it
   * yields is asked for once the page before has been committed. A page may come again.
   */
  read(after: number, signal: AbortSignal): AsyncIterable<EventPage>;
  /** Called once the page has been committed: a source that keeps its own place moves it now. */
  committed?(page: EventPage): Promise<void>;
}

export interface LogOptions {
  /** Only these types. Default: all. */
  readonly types?: readonly string[];
  /** How many events a page has at most, and so a transaction: 1 to 1,000. Default: 500. */
  readonly pageSize?: number;
  /** How long to wait for more at the head of the log. Default: 250. */
  readonly pollMs?: number;
}

/** The log, by the API: GET /v1/events, a page at a time. */
export function logOf(
  { call }: Pick<Client, 'call'>,
  { types, pageSize = 500, pollMs = 250 }: LogOptions = {},
): EventSource {
  return {
    async *read(from, signal) {
      let after = from;
      while (!signal.aborted) {
        const query = { after, limit: pageSize, ...(types === undefined ? {} : { types: types.join(',') }) };
        const page = await call('listEvents', { query }, { signal }).catch((error: unknown) => {
          if (signal.aborted) return undefined;
          throw isExpired(error) ? new PositionExpiredError(after, firstPositionOf(error), error) : error;
        });
        if (page === undefined) return;
        if (page.next_after > after) yield { events: page.data, readTo: page.next_after };
        after = page.next_after;
        if (after === page.head) await pause(pollMs, signal);
      }
    },
  };
}

function isExpired(error: unknown): error is CounterpoiseError {
  return error instanceof CounterpoiseError && error.code === 'position_expired';
}

function firstPositionOf({ problem }: CounterpoiseError): number {
  return Number(problem?.['first_position']);
}
