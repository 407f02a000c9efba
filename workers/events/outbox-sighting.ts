/** The note of what waits in an outbox, for those who ask how far the log is behind and cannot read the outbox themselves. */
import type { Database } from '../../db/database.ts';
import { findCursor } from '../../db/events/log-queries.ts';
import { noteWaiting } from '../../db/events/source-queries.ts';
import { waitingIn } from '../../db/outbox-queries.ts';

const EVERY_MS = 5_000;
/** While nothing waits. */
const CALM_EVERY_MS = 60_000;

export interface OutboxSightingDeps {
  readonly source: string;
  readonly outbox: Database;
  /** The events service's database. */
  readonly database: Database;
}

/** Looks at each call, unless it has looked a moment ago. A look that fails is left out. */
export function createOutboxSighting({ source, outbox, database }: OutboxSightingDeps): () => Promise<void> {
  let lookedAt = -Infinity;
  let notedAt = -Infinity;
  let hadWaiting = true;

  return async () => {
    const now = performance.now();
    if (now - lookedAt < EVERY_MS) return;
    lookedAt = now;
    await look(now).catch(() => {});
  };

  async function look(now: number): Promise<void> {
    const cursor = await findCursor(database, source);
    // Of one that is read no further, everything: its cursor may say nothing of it.
    const waiting = await waitingIn(outbox, cursor?.stoppedReason === undefined ? cursor?.snapshot : undefined);
    if (waiting.events === 0 && !hadWaiting && now - notedAt < CALM_EVERY_MS) return;
    await noteWaiting(database, source, waiting);
    hadWaiting = waiting.events > 0;
    notedAt = now;
  }
}
