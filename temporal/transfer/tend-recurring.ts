/**
 * The care of a recurring transfer: its Temporal Schedule is made to agree with the row, and every run that was due has its
 * transfer, is made up for, or is listed as skipped. One function, which may be repeated at any time and run beside itself; the API
 * calls it after each change, the sweep every hour and whenever the last call is not known to have gone well.
 */
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import {
  findRecurringTransfer,
  noteTended,
  putBackChange,
  type RecurringTransfer,
} from '../../db/transfer/recurring-queries.ts';
import { findMissedRuns, recordSkips } from '../../db/transfer/recurring-runs.ts';
import type { RecurringTransferId } from '../../domain/ids.ts';
import { CATCHUP_MS } from '../../domain/transfer/recurring.ts';
import { VERIFIED_WITHIN_MS, type NamespaceBinding } from '../namespace-binding.ts';
import {
  alignSchedule,
  makeUpFor,
  matchingTimes,
  MATCHING_TIMES_MAX,
  removeSchedule,
  scheduleState,
  type ScheduleState,
} from './recurring-schedule.ts';

/** A run that was due less than this ago and has no transfer may still be under way. */
const UNDER_WAY_MS = 120_000;
const AGAIN_SECONDS = 3_600;

export async function tendRecurring(
  { client, binding, database }: { client: Client; binding: Pick<NamespaceBinding, 'verify'>; database: Database },
  given: RecurringTransfer,
  now: Date = new Date(),
): Promise<void> {
  const { installationId } = await binding.verify(VERIFIED_WITHIN_MS);
  const id = given.recurringTransferId;
  // Read anew: `given` may be from before the last change was put back.
  const row = (await putBackChange(database, id)) ?? (await findRecurringTransfer(database, id)) ?? given;
  const end = endOf(row, now);
  const until = end ?? new Date(now.getTime() - UNDER_WAY_MS);
  const isAsked = end === undefined || row.accountedUntil < until;
  // The Schedule of a deleted one is aligned as well, and so paused: it has to be asked which runs were due.
  const { wasMissing } = isAsked ? await alignSchedule(client, { ...row, installationId }) : { wasMissing: false };
  const { accountedUntil, isMissing } = await accountForRuns({ client, database }, row, until, now);

  const isAccountedFor = accountedUntil >= until;
  const isOver = end !== undefined && isAccountedFor;
  if (isOver) await removeSchedule(client, row.recurringTransferId);
  const isSoon = (isMissing && row.status === 'ACTIVE') || (wasMissing && row.createdAt < until);
  const isAnotherPage = !isAccountedFor && !isMissing;
  const againInSeconds = isAnotherPage ? 0 : isSoon ? UNDER_WAY_MS / 1_000 : AGAIN_SECONDS;
  await noteTended(database, row, accountedUntil, isOver ? null : againInSeconds);
}

/** The Schedules as the reconciliation sees them: it asks for the state of one, and has one put right. */
export function recurringSchedules(
  starter: { readonly client: Client; readonly binding: Pick<NamespaceBinding, 'verify'> },
  database: Database,
) {
  return {
    scheduleOf: (id: RecurringTransferId): Promise<ScheduleState> => scheduleState(starter.client, id),
    tendRecurring: (row: RecurringTransfer): Promise<void> =>
      tendRecurring({ client: starter.client, binding: starter.binding, database }, row),
  };
}

/** The last instant at which a run may have been due, if that is past: once its runs are accounted for, nobody tends it. */
function endOf({ status, updatedAt, endsAt }: RecurringTransfer, now: Date): Date | undefined {
  if (status === 'DELETED') return updatedAt < now ? updatedAt : now;
  return endsAt !== null && endsAt.getTime() < now.getTime() - UNDER_WAY_MS ? endsAt : undefined;
}

/**
 * Finds the runs that were due and have no transfer, because Temporal was down for too long, had more to catch up than it keeps, or
 * lost the Schedule. Runs within a day are made up for; older ones, and those of a deleted recurring transfer, are skipped.
 */
async function accountForRuns(
  { client, database }: { client: Client; database: Database },
  row: RecurringTransfer,
  until: Date,
  now: Date,
): Promise<{ accountedUntil: Date; isMissing: boolean }> {
  const { recurringTransferId: id, accountedUntil: from, status } = row;
  if (from >= until) return { accountedUntil: from, isMissing: false };
  const times = (await matchingTimes(client, id, from, until)) ?? [];
  const missed = await findMissedRuns(database, row, times);
  const caughtUpFrom = now.getTime() - CATCHUP_MS;
  const isLost = (at: Date): boolean => status === 'DELETED' || at.getTime() < caughtUpFrom;
  await recordSkips(database, id, missed.filter(isLost));

  const due = missed.filter((at) => !isLost(at));
  const [first, last] = [due[0], due.at(-1)];
  if (first !== undefined && last !== undefined) {
    // The runs of a paused one are made up for once it is resumed, if that is within a day.
    if (status === 'ACTIVE') await makeUpFor(client, id, first, last);
    return { accountedUntil: new Date(first.getTime() - 1_000), isMissing: true };
  }
  return { accountedUntil: times.length === MATCHING_TIMES_MAX ? times.at(-1)! : until, isMissing: false };
}
