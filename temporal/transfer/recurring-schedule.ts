/**
 * The Temporal Schedule of a recurring transfer: it is made to agree with its row, asked for its times, told to make up for runs,
 * and removed. Temporal decides when a run is due; around changes of clocks it is told (domain/transfer/run-times.ts).
 */
import {
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptions,
  type ScheduleSpec,
} from '@temporalio/client';
import { bodyHash } from '../../domain/derived-id.ts';
import type { InstallationId, RecurringTransferId } from '../../domain/ids.ts';
import { plainCalendars, type CalendarPart, type PlainCalendar } from '../../domain/transfer/calendar.ts';
import { CATCHUP_MS, intervalOffset, type Recurrence } from '../../domain/transfer/recurring.ts';
import { isRunTime, runsAroundChanges } from '../../domain/transfer/run-times.ts';
import { recurringScheduleId, TRANSFER_TASK_QUEUE, type RecurringInput } from '../../workflows/transfer/messages.ts';

/** The part of a recurring transfer that its Schedule is made of. */
export interface RecurringOrder extends Recurrence {
  readonly recurringTransferId: RecurringTransferId;
  readonly status: 'ACTIVE' | 'PAUSED' | 'DELETED';
  readonly version: number;
  readonly createdAt: Date;
  /** Each run up to here has its transfer, is listed as skipped, or was not due; later runs are still looked for. */
  readonly accountedUntil: Date;
  readonly installationId: InstallationId;
}

/**
 * Makes the Schedule agree with its row, whatever it was before: paused unless the row is ACTIVE. Returns whether it was missing.
 */
export async function alignSchedule(client: Client, order: RecurringOrder): Promise<{ wasMissing: boolean }> {
  const { scheduleId, ...wanted } = scheduleOptions(order);
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { state } = await handle.describe();
    // If somebody has paused or changed the Schedule without us, our note is gone, and the Schedule is put right.
    if (state.paused !== wanted.state.paused || state.note !== wanted.state.note) await handle.update(() => wanted);
    return { wasMissing: false };
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
  try {
    await client.schedule.create({ scheduleId, ...wanted });
  } catch (error) {
    // Another process has made it just now, from this row or an older one: the next call compares it again.
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  return { wasMissing: true };
}

/** Removes the Schedule. A repeat finds nothing to remove. */
export async function removeSchedule(client: Client, id: RecurringTransferId): Promise<void> {
  try {
    await scheduleOf(client, id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

export type ScheduleState = 'runs' | 'paused' | 'missing';

/** Whether the Schedule runs, as that of an active recurring transfer does, or somebody has paused or deleted it. */
export async function scheduleState(client: Client, id: RecurringTransferId): Promise<ScheduleState> {
  return stateOf(await describe(client, id));
}

const NEXT_RUNS_MAX = 10;

/** Whether the Schedule runs, and the next times at which it will, at most ten: none unless it runs. */
export async function nextRuns(
  client: Client,
  order: Pick<RecurringOrder, 'recurringTransferId' | 'calendar' | 'timeZone'>,
): Promise<{ state: ScheduleState; times: Date[] }> {
  const described = await describe(client, order.recurringTransferId);
  const state = stateOf(described);
  if (described === undefined || state !== 'runs') return { state, times: [] };
  const times = described.info.nextActionTimes;
  const isRun = (at: Date): boolean => isRunTime(order, at);
  if (times.every(isRun)) return { state, times: times.slice(0, NEXT_RUNS_MAX) };
  // Around a change of clocks, the Schedule starts at times that are no runs, and all ten of its next times may be such.
  const after = new Date(times[0]!.getTime() - 1_000);
  const until = new Date(times.at(-1)!.getTime() + DAY_MS);
  const more = (await matchingTimes(client, order.recurringTransferId, after, until)) ?? [];
  return { state, times: more.filter(isRun).slice(0, NEXT_RUNS_MAX) };
}

function stateOf(described: ScheduleDescription | undefined): ScheduleState {
  if (described === undefined) return 'missing';
  return described.state.paused ? 'paused' : 'runs';
}

/** Undefined if there is no Schedule. */
async function describe(client: Client, id: RecurringTransferId): Promise<ScheduleDescription | undefined> {
  try {
    return await scheduleOf(client, id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

const DAY_MS = 86_400_000;

/** gRPC's status code. */
const NOT_FOUND = 5;

/** The most times that Temporal returns at once. */
export const MATCHING_TIMES_MAX = 1_000;

/**
 * The earliest nominal times after one instant and up to another, at most MATCHING_TIMES_MAX; undefined if there is no Schedule.
 */
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

/**
 * Has Temporal start the runs that were due from `start` to `end`, both included. A run that has its transfer pays nothing twice.
 */
export async function makeUpFor(client: Client, id: RecurringTransferId, start: Date, end: Date): Promise<void> {
  await scheduleOf(client, id).backfill({ start, end, overlap: ScheduleOverlapPolicy.ALLOW_ALL });
}

function scheduleOf(client: Client, id: RecurringTransferId): ScheduleHandle {
  return client.schedule.getHandle(recurringScheduleId(id));
}

function scheduleOptions({ recurringTransferId, status, version, installationId, ...order }: RecurringOrder) {
  const input: RecurringInput = { recurringTransferId, installationId };
  const { spec, changes } = scheduleSpec(order);
  return {
    scheduleId: recurringScheduleId(recurringTransferId),
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'recurringTransfer',
      taskQueue: TRANSFER_TASK_QUEUE,
      // Temporal appends the nominal time.
      workflowId: recurringScheduleId(recurringTransferId),
      args: [input],
      staticSummary: `A run of recurring transfer ${recurringTransferId}`,
    },
    spec,
    policies: {
      // A run only accepts a transfer, so none is in the way of another.
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
      catchupWindow: CATCHUP_MS,
      pauseOnFailure: false,
    },
    state: {
      paused: status !== 'ACTIVE',
      note: `Kept by Counterpoise as its row says, version ${version}${changes}, for installation ${installationId}: pause it by its API`,
    },
  } satisfies ScheduleOptions;
}

/**
 * The times of a Schedule. `changes` is a part of the note that differs whenever the listed instants differ: they follow from more
 * than the row.
 */
function scheduleSpec({
  everySeconds,
  calendar,
  timeZone,
  startsAt,
  endsAt,
  createdAt,
  accountedUntil,
}: Omit<RecurringOrder, 'recurringTransferId' | 'status' | 'version' | 'installationId'>): {
  spec: ScheduleSpec;
  changes: string;
} {
  const bounds = {
    // Temporal computes in whole seconds.
    ...(startsAt === null ? {} : { startAt: new Date(Math.ceil(startsAt.getTime() / 1_000) * 1_000) }),
    ...(endsAt === null ? {} : { endAt: endsAt }),
  };
  if (calendar === null) {
    const offset = intervalOffset(everySeconds!, startsAt, createdAt);
    return { spec: { ...bounds, intervals: [{ every: everySeconds! * 1_000, offset: offset * 1_000 }] }, changes: '' };
  }
  const instants = runsAroundChanges({ calendar, timeZone }, accountedUntil);
  const times = {
    calendars: plainCalendars(calendar).map(inTemporalsWords),
    ...(instants.length === 0 ? {} : onlyOnce(instants)),
  };
  const hash = bodyHash(times).slice(0, 12);
  return {
    spec: {
      ...bounds,
      ...times,
      // The time zone in the upper and lower case that every tz database knows.
      timezone: new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone,
    },
    changes: instants.length === 0 ? '' : `, with the changes of clocks ${hash}`,
  };
}

/**
 * Single instants, for which a Schedule has no entry: an interval as long as the time from 1970 to the instant ends there for the
 * first time. It would end again after as long a time, half a century from now, so the years from then on are left out.
 */
function onlyOnce(instants: readonly Date[]) {
  const again = new Date(2 * instants[0]!.getTime()).getUTCFullYear();
  return {
    intervals: instants.map((instant) => ({ every: instant.getTime() })),
    skip: [{ year: { start: again, end: 2100 }, hour: '*' as const, minute: '*' as const, second: '*' as const }],
  };
}

function inTemporalsWords({
  second,
  minute,
  hour,
  day_of_month: dayOfMonth,
  month,
  year,
  day_of_week: dayOfWeek,
}: PlainCalendar): object {
  const parts = { second, minute, hour, dayOfMonth, month: inMonths(month), year, dayOfWeek };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}

const MONTHS = 'JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER'.split(' ');

/** The SDK takes the names of months. */
function inMonths(part: CalendarPart | undefined): unknown {
  if (part === undefined || part === '*') return part;
  if (typeof part === 'number') return MONTHS[part - 1];
  if (!('start' in part)) return part.map(inMonths);
  return { ...part, start: MONTHS[part.start - 1], end: MONTHS[part.end - 1] };
}

/** A protobuf timestamp without its nanoseconds: the times of Schedules have whole seconds. */
function timestamp(instant: Date) {
  return { seconds: Math.floor(instant.getTime() / 1_000) as never, nanos: 0 };
}
