/**
 * The part of the sweep that looks after recurring transfers: at once after those whose Schedule is not known to agree with their
 * row, and once an hour after each, to see that no run is missing.
 */
import type { Database } from '../../db/database.ts';
import { claimDueRecurring } from '../../db/transfer/recurring-queries.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { Logger } from '../../process/telemetry.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';
import { tendRecurring } from '../../temporal/transfer/tend-recurring.ts';

/** Few at once, so that movements are not held up for long; a recurring transfer that fails comes again after the others. */
const CLAIM = { limit: 20, leaseSeconds: 30 };
const TEND_LIMIT_MS = 5_000;

export async function tendDueRecurring({
  database,
  starter: { client, binding },
  logger,
}: {
  database: Database;
  starter: Pick<MovementStarter, 'client' | 'binding'>;
  logger: Logger;
}): Promise<void> {
  const due = await claimDueRecurring(database, CLAIM);
  await Promise.all(
    due.map(async (row) => {
      try {
        const tending = client.withDeadline(Date.now() + TEND_LIMIT_MS, () =>
          tendRecurring({ client, binding, database }, row),
        );
        if ((await within(TEND_LIMIT_MS, tending)) === LATE) throw new Error(`not done within ${TEND_LIMIT_MS} ms`);
      } catch (error) {
        logger.warn(
          { err: error, recurring_transfer_id: row.recurringTransferId },
          'a recurring transfer could not be looked after now: a later sweep will',
        );
      }
    }),
  );
}
