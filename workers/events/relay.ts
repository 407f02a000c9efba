/**
 * The relay: copies every outbox into the event log, each event once and in its subject's order. One relay works at a time, by a
 * lease; each append gives the lease's token, and moves the outbox's cursor in the same transaction, so that a relay that is killed
 * or frozen anywhere leaves neither a gap nor a second copy.
 *
 *   outbox ── a window between two snapshots ──▶ unfold ──▶ chain ──▶ event_log and cursor, together
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { RELAY_LEASE } from '../../db/events/lease-queries.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { watchBursts, type Bursts } from './burst.ts';
import { keepRetention } from './log-retention.ts';
import { openLog, type LogWriter } from './log-writer.ts';
import { noteRetry } from './measured.ts';
import { createOutboxCopy } from './outbox-copy.ts';
import { createOutboxSighting } from './outbox-sighting.ts';
import { createNews, type News } from './news.ts';
import { createOutboxTruncation } from './outbox-truncation.ts';
import type { RecentEvents } from './recent-events.ts';
import { whileLeased, type Holding } from './while-leased.ts';

/** While nothing wakes the relay, it looks by itself, more seldom once nothing has happened for a while. */
const POLL_MS = 150;
const POLL_CALM_MS = 450;
const CALM_AFTER_MS = 10_000;
/** After news, so that what happens with it is read together. */
const PAUSE_MS = 40;
/** Between two looks at least: where events come all the time, a look costs the databases as much as many events. */
const SPACING_MS = 200;
const RETRY_MS = 1_000;
/** With more events than that in a look, the outbox is emptied later, unless it is full. */
const BUSY_EVENTS = 200;

export interface Relay extends RunningService {
  /** Says that this outbox may have something new. */
  readonly wake: (source: string) => void;
}

export interface RelayDeps {
  /** The events service's database. */
  readonly database: Database;
  /** The outboxes by their names, such as `transfer` and `wallet-0`. */
  readonly outboxes: ReadonlyMap<string, Database>;
  /** So long events are kept in the log. */
  readonly retentionDays: number;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  /** Is told what was appended, for the log's readers in this process. */
  readonly recent?: RecentEvents;
  /** Called after events were appended. */
  readonly appended?: () => void;
}

export function startRelay(deps: RelayDeps): Relay {
  const { database, outboxes, retentionDays, logger } = deps;
  // Of each outbox its own: while one is written to all the time, the others are not read as often for nothing.
  const news = new Map([...outboxes.keys()].map((source) => [source, createNews()]));
  const running = whileLeased(database, RELAY_LEASE, copyAll, (error) => {
    noteRetry(deps.metrics, 'relay');
    logger.warn({ err: error }, 'the event log could not be written: tried again soon');
    return RETRY_MS;
  });
  return { ...running, wake: (source) => news.get(source)?.wake() };

  /** Copies until this process stops or has lost the lease. Each outbox has a loop of its own: one that hangs delays no other. */
  async function copyAll({ lease, signal: held }: Holding): Promise<void> {
    const ending = new AbortController();
    const signal = AbortSignal.any([held, ending.signal]);
    const log = await openLog(database, lease, deps.recent);
    const bursts = watchBursts([...outboxes.values()]);
    const copyOne = async (source: string): Promise<void> => {
      await keepCopying({ ...deps, log, bursts, news: news.get(source)!, signal }, source);
      ending.abort();
    };
    const loops = [keepRetention(database, retentionDays, logger, signal), ...[...outboxes.keys()].map(copyOne)];
    for (const each of loops) each.catch(() => ending.abort());
    const results = await Promise.allSettled(loops);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

interface CopyingDeps extends RelayDeps {
  readonly log: LogWriter;
  readonly bursts: Bursts;
  /** That something may be new in this outbox. */
  readonly news: News;
  readonly signal: AbortSignal;
}

/** Copies one outbox, and empties it of what is in the log, until the signal is aborted or the lease is lost. */
async function keepCopying(deps: CopyingDeps, source: string): Promise<void> {
  const { database, log, logger, metrics, bursts, appended, news, signal } = deps;
  const outbox = deps.outboxes.get(source)!;
  const untilBurstIsOver = (): Promise<void> => bursts.untilOver(signal);
  const copy = createOutboxCopy({ source, outbox, database, log, untilBurstIsOver, logger, metrics });
  const truncate = createOutboxTruncation({ source, outbox, database, logger });
  const noteWaiting = createOutboxSighting({ source, outbox, database });
  let busyAt = performance.now();
  while (!signal.aborted) {
    const lookedAt = performance.now();
    const { events, hasMore, isLost } = await copy().catch(async (error: unknown) => {
      // What cannot be copied is what somebody has to hear of.
      await noteWaiting();
      throw error;
    });
    if (events > 0) {
      busyAt = performance.now();
      appended?.();
    }
    if (isLost) return;
    await noteWaiting();
    const hasMoreToTruncate = await truncate(hasMore || events > BUSY_EVENTS);
    if (hasMore || hasMoreToTruncate) continue;
    const pollMs = performance.now() - busyAt > CALM_AFTER_MS ? POLL_CALM_MS : POLL_MS;
    await news.until(news.heard(), pollMs, signal);
    // A moment longer, for what comes with it.
    const pauseMs = Math.max(PAUSE_MS, lookedAt + SPACING_MS - performance.now());
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}
