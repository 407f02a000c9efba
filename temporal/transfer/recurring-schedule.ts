/**
 * The Temporal Schedule of a recurring transfer: made to agree with its row, asked for its times, told to make up for runs,
 * removed. When a run is due, time zones and changes of clocks included, is Temporal's to say.
 */
import {
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleHandle,
  type ScheduleOptions,
  type ScheduleSpec,
} from '@temporalio/client';
import type { InstallationId, RecurringTransferId } from '../../domain/ids.ts';
import { CATCHUP_MS, intervalOffset, type CalendarPart, type Recurrence } from '../../domain/transfer/recurring.ts';
import { recurringScheduleId, TRANSFER_TASK_QUEUE, type RecurringInput } from '../../workflows/transfer/messages.ts';

/** What of a recurring transfer its Schedule is made of. */
export interface RecurringOrder extends Recurrence {
  readonly recurringTransferId: RecurringTransferId;
  readonly status: 'ACTIVE' | 'PAUSED' | 'DELETED';
  readonly version: number;
  readonly createdAt: Date;
  readonly installationId: InstallationId;
}

/** Makes the Schedule of an active or a paused one what its row says, whatever it was before. Says if it was not there. */
export async function alignSchedule(client: Client, order: RecurringOrder): Promise<{ wasMissing: boolean }> {
  const { scheduleId, ...wanted } = scheduleOptions(order);
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { state } = await handle.describe();
    // The note is gone if somebody has paused or changed it without us, and then it is put right.
    if (state.paused !== wanted.state.paused || state.note !== wanted.state.note) await handle.update(() => wanted);
    return { wasMissing: false };
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
  try {
    await client.schedule.create({ scheduleId, ...wanted });
  } catch (error) {
    // Somebody else has made it just now, from this row or an older one: who comes next compares it again.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  return { wasMissing: true };
}

/** A repeat finds nothing to remove. */
export async function removeSchedule(client: Client, id: RecurringTransferId): Promise<void> {
  try {
    await scheduleOf(client, id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** The next times at which it runs, at most ten. */
export async function nextRuns(client: Client, id: RecurringTransferId): Promise<Date[]> {
  const { info } = await scheduleOf(client, id).describe();
  return info.nextActionTimes;
}

/** gRPC's status code. */
const NOT_FOUND = 5;

/** Temporal answers no more than so many at once. */
export const MATCHING_TIMES_MAX = 1_000;

/** The nominal times after one instant and up to another, the earliest ones; undefined if there is no Schedule. */
export async function matchingTimes(
  client: Client,
  id: RecurringTransferId,
  after: Date,
  until: Date,
): Promise<Date[] | undefined> {
  try {
    const { startTime } = await client.workflowService.listScheduleMatchingTimes({
      namespace: client.options.namespace,
      scheduleId: recurringScheduleId(id),
      startTime: timestamp(after),
      endTime: timestamp(until),
    });
    return (startTime ?? []).map(({ seconds }) => new Date(Number(seconds) * 1_000));
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** Has Temporal run what was due from one nominal time to another, both included. What has run already pays nothing twice. */
export async function makeUpFor(client: Client, id: RecurringTransferId, start: Date, end: Date): Promise<void> {
  await scheduleOf(client, id).backfill({ start, end, overlap: ScheduleOverlapPolicy.ALLOW_ALL });
}

function scheduleOf(client: Client, id: RecurringTransferId): ScheduleHandle {
  return client.schedule.getHandle(recurringScheduleId(id));
}

function scheduleOptions({ recurringTransferId, status, version, installationId, ...order }: RecurringOrder) {
  const input: RecurringInput = { recurringTransferId, installationId };
  return {
    scheduleId: recurringScheduleId(recurringTransferId),
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'recurringTransfer',
      taskQueue: TRANSFER_TASK_QUEUE,
      // Temporal adds the nominal time.
      workflowId: recurringScheduleId(recurringTransferId),
      args: [input],
      staticSummary: `A run of recurring transfer ${recurringTransferId}`,
    },
    spec: scheduleSpec(order),
    policies: {
      // A run only accepts a transfer, so none is in the way of another.
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
      catchupWindow: CATCHUP_MS,
      pauseOnFailure: false,
    },
    state: {
      paused: status !== 'ACTIVE',
      note: `Kept by Counterpoise as its row says, version ${version}, for installation ${installationId}: pause it by its API`,
    },
  } satisfies ScheduleOptions;
}

function scheduleSpec({
  everySeconds,
  calendar,
  timeZone,
  startsAt,
  endsAt,
  createdAt,
}: Omit<RecurringOrder, 'recurringTransferId' | 'status' | 'version' | 'installationId'>): ScheduleSpec {
  const bounds = {
    // Temporal computes in whole seconds.
    ...(startsAt === null ? {} : { startAt: new Date(Math.ceil(startsAt.getTime() / 1_000) * 1_000) }),
    ...(endsAt === null ? {} : { endAt: endsAt }),
  };
  if (everySeconds !== null) {
    const offset = intervalOffset(everySeconds, startsAt, createdAt);
    return { ...bounds, intervals: [{ every: everySeconds * 1_000, offset: offset * 1_000 }] };
  }
  const { second, minute, hour, day_of_month: dayOfMonth, month, year, day_of_week: dayOfWeek } = calendar ?? {};
  const parts = { second, minute, hour, dayOfMonth, month: inMonths(month), year, dayOfWeek };
  return {
    ...bounds,
    calendars: [Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined))],
    // The name by which every tz database knows it, in its own upper and lower case.
    timezone: new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone,
  };
}

const MONTHS = 'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER'.split(' ');

/** The SDK names months. */
function inMonths(part: CalendarPart | undefined): unknown {
  if (part === undefined || part === '*') return part;
  if (typeof part === 'number') return MONTHS[part - 1];
  if (!('start' in part)) return part.map(inMonths);
  return { ...part, start: MONTHS[part.start - 1], end: MONTHS[part.end - 1] };
}

/** Only the first part of a protobuf timestamp: the times of Schedules have whole seconds. */
function timestamp(instant: Date) {
  return { seconds: Math.floor(instant.getTime() / 1_000) as never, nanos: 0 };
}
