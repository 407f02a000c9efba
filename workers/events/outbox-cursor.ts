/**
 * The relay's place in an outbox, and whether the outbox is still the one that it belongs to. One that was restored, or whose place was,
 * is read no further until an operator lets it go on.
 */
import type { Database } from '../../db/database.ts';
import type { Lease } from '../../db/events/lease-queries.ts';
import { findCursor, openCursor, stopCursor, type OutboxCursor } from '../../db/events/log-queries.ts';
import { adoptOutbox } from '../../db/events/source-queries.ts';
import { outboxPast, outboxServer } from '../../db/outbox-queries.ts';
import type { Logger } from '../../process/telemetry.ts';
import { settleResumed } from './outbox-resume.ts';

export interface CopiedOutbox {
  readonly source: string;
  readonly outbox: Database;
  /** The events service's database. */
  readonly database: Database;
  readonly log: { readonly lease: Lease };
  readonly logger: Logger;
}

/** The stored cursor, stopped if the outbox is not what it was. */
export async function checkedCursor(copied: CopiedOutbox): Promise<OutboxCursor> {
  const { source, outbox, database } = copied;
  const serverId = await outboxServer(outbox);
  const stored = await openCursor(database, source, serverId);
  if (stored.stoppedReason !== undefined) return stored;
  if (stored.isResuming) return resumed(copied, stored, serverId);
  if (stored.serverId !== serverId) return stopOutbox(copied, 'it is in another database than before', stored);
  const { hasWitness, wasEmptied } = await outboxPast(outbox, stored);
  if (!hasWitness)
    return stopOutbox(copied, `it lacks ${stored.witness?.eventId}, which is in the log: it was restored`, stored);
  if (wasEmptied)
    return stopOutbox(
      copied,
      'it was emptied of events that the log does not know: the event log was restored',
      stored,
    );
  return stored;
}

/** A cursor of an outbox that an operator lets go on. */
async function resumed(copied: CopiedOutbox, stored: OutboxCursor, serverId: string): Promise<OutboxCursor> {
  const { source, outbox, database, log, logger } = copied;
  if (stored.serverId === '') await adoptOutbox(database, source, serverId);
  else if (stored.serverId !== serverId) return stopOutbox(copied, 'it is in another database than before', stored);
  const isCopied = stored.snapshot !== undefined && stored.window === undefined;
  if (!isCopied) return { ...stored, serverId };
  const isSettled = await settleResumed({ source, outbox, database, lease: log.lease, snapshot: stored.snapshot });
  if (!isSettled) throw new Error('another relay has taken over');
  logger.info({ source }, 'an outbox was resumed: everything that it had is in the log');
  return { ...stored, isResuming: false };
}

/**
 * Stops the reading of an outbox that was judged by `seen`, and returns its cursor as it then is. Nothing is stopped if another relay has
 * taken over since: what this one has seen may be no longer true.
 */
export async function stopOutbox(
  { source, database, log, logger }: CopiedOutbox,
  reason: string,
  seen: OutboxCursor,
): Promise<OutboxCursor> {
  if (!(await stopCursor(database, log.lease, seen, reason))) throw new Error('another relay has taken over');
  logger.error({ source, reason }, 'an outbox is not what it was: it is read no further');
  return (await findCursor(database, source))!;
}
