/**
 * A projection, built from the log by the package's own consumer (client/consumer/). While it is rebuilt, a second consumer builds the
 * next generation beside the live one, from the first event on.
 *
 *   event_log ──▶ wallet_activity.1, live ──▶ its rows are read
 *       └───────▶ wallet_activity.2, next ──▶ as far? then it is the live one, and the other's rows are removed
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { consume, PositionExpiredError, type Event, type EventSource } from '../../client/consumer/consumer.ts';
import type { Database } from '../../db/database.ts';
import { readLog } from '../../db/events/log-queries.ts';
import {
  readProjection,
  removeOldGenerations,
  switchGeneration,
  type ProjectionName,
} from '../../db/events/projection-queries.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { repeatUntilStopped } from '../repeat.ts';
import { createNews, type News } from './news.ts';
import type { ReadPage, RecentEvents } from './recent-events.ts';
import { countConsumed, noteDuration, noteRetry } from './measured.ts';

/** Of events in one transaction, at most. */
const PAGE = 2_000;
/** How many positions one statement looks through. */
const POSITIONS_MAX = 20_000;
/** While nothing wakes it, it looks by itself. */
const POLL_MS = 500;
/**
 * A moment longer, for what comes with it: the relay appends several times a second for each outbox, and a page costs the database
 * some eight statements, however few events it has.
 */
const PAUSE_MS = 250;
/** How often it looks whether a rebuild is asked for, or done. */
const LOOK_MS = 1_000;
/** After a rebuild it removes at once what is left of the generation before, and otherwise once a minute. */
const LOOKS_BETWEEN_REMOVALS = 60;
/** How far the next generation may be behind when it is tried to switch. */
const NEAR = 5_000;

export interface ProjectionRules {
  readonly name: ProjectionName;
  /** Those of the events that it is made of. */
  readonly types: readonly string[];
  /** Writes what the events say to the generation's rows, in the transaction of the consumer. */
  readonly add: (connection: pg.PoolClient, generation: number, events: readonly Event[]) => Promise<void>;
  /** Removes a part of what is too old; returns whether there may be more. */
  readonly expire?: (database: Database) => Promise<boolean>;
}

export interface RunningProjection extends RunningService {
  /** Says that the log may have something new. */
  readonly wake: () => void;
}

/** What a projection is run with. */
export interface ProjectionDeps {
  /** The events service's. */
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  /** What the relay in this process has appended, if it works here. */
  readonly recent?: RecentEvents | undefined;
}

interface Consumer {
  readonly ended: Promise<void>;
  readonly ending: AbortController;
}

/** Any number of processes may do this; for each generation one of them works at a time. */
export function startProjection(
  { name: projection, types, add, expire = async () => false }: ProjectionRules,
  { database, logger, metrics, recent }: ProjectionDeps,
): RunningProjection {
  const news = createNews();
  const consumers = new Map<number, Consumer>();
  let looksToRemoval = 0;
  const loop = repeatUntilStopped(LOOK_MS, () =>
    look().catch((error: unknown) => logger.warn({ err: error }, 'the projections could not be looked at: again soon')),
  );
  return {
    wake: news.wake,
    async stop() {
      await loop.stop();
      await stopAllBut(new Set());
    },
  };

  async function look(): Promise<void> {
    const { live, next } = await readProjection(database, projection);
    const wanted = [live, ...(next === undefined ? [] : [next])];
    await stopAllBut(new Set(wanted.map(({ generation }) => generation)));
    for (const { generation, consumer } of wanted)
      if (!consumers.has(generation)) consumers.set(generation, start(generation, consumer));
    if (next !== undefined && next.parkedCount === 0 && next.position >= live.position - NEAR) {
      if (await switchGeneration(database, projection, next.generation)) {
        logger.info({ projection, generation: next.generation }, 'a projection was rebuilt');
        await stopAllBut(new Set([next.generation]));
        looksToRemoval = 0;
      }
    }
    if (looksToRemoval > 0) looksToRemoval -= 1;
    else {
      while ((await removeOldGenerations(database, projection)) || (await expire(database)));
      looksToRemoval = LOOKS_BETWEEN_REMOVALS;
    }
  }

  function start(generation: number, name: string): Consumer {
    const ending = new AbortController();
    // One that cannot go on stays as it is until the process starts again.
    const ended = consume<pg.PoolClient>({
      name,
      source: logIn(database, news, { projection, types, metrics, recent }),
      store: database.$client,
      async handle(events, connection) {
        const beganAt = performance.now();
        await add(connection, generation, events);
        noteDuration(metrics, projection, performance.now() - beganAt);
      },
      onRetry: () => noteRetry(metrics, projection),
      onDeadLetter: () => metrics?.deadLetters.add({ queue: projection }),
      signal: ending.signal,
      onError: (error, event) =>
        logger.warn({ err: error, consumer: name, eventId: event?.id }, 'a projection: tried again'),
    }).catch((error: unknown) => logger.error({ err: error, consumer: name }, 'a projection cannot go on'));
    return { ended, ending };
  }

  async function stopAllBut(wanted: ReadonlySet<number>): Promise<void> {
    const others = [...consumers].filter(([generation]) => !wanted.has(generation));
    for (const [, { ending }] of others) ending.abort();
    for (const [generation, { ended }] of others) {
      await ended;
      consumers.delete(generation);
    }
  }
}

interface LogOptions extends Pick<ProjectionRules, 'types'>, Pick<ProjectionDeps, 'metrics' | 'recent'> {
  readonly projection: ProjectionName;
}

/** The log as it is in this database. */
function logIn(database: Database, news: News, { projection, types, metrics, recent }: LogOptions): EventSource {
  const readRecent = async (after: number): Promise<ReadPage | undefined> => {
    const page = await recent?.read(database, after, PAGE);
    return page && { ...page, events: page.events.filter(({ type }) => types.includes(type)) };
  };
  const readStored = async (after: number): Promise<ReadPage> => {
    const page = await readLog(database, after, PAGE, { types }, POSITIONS_MAX);
    return { ...page, events: page.events.map(({ position, event }) => ({ position, ...event })) };
  };
  return {
    async committed({ events }) {
      countConsumed(metrics, projection, events.length);
    },
    async *read(from, signal) {
      for (let after = from; !signal.aborted;) {
        const heard = news.heard();
        const { events, readTo, head } = (await readRecent(after)) ?? (await readStored(after));
        if (after < head.firstPosition - 1) throw new PositionExpiredError(after, head.firstPosition);
        if (readTo > after) yield { events, readTo };
        after = readTo;
        if (readTo < head.position) continue;
        await news.until(heard, POLL_MS, signal);
        await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
      }
    },
  };
}
