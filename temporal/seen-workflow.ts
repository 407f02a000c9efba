/**
 * A workflow's newest run as Temporal knows it: its activities with their attempts, from its history, and those that it keeps trying,
 * from its description. Nothing but the first argument of an activity is decoded, and only what tells which part of a saga it is about.
 */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { temporal } from '@temporalio/proto';
import { answerWithin } from './health.ts';

type AttemptOutcome = 'completed' | 'failed' | 'timed_out' | 'canceled' | 'running';

/** Times are in milliseconds since 1970, or null where Temporal keeps none: of attempts between the first and the last. */
interface SeenAttempt {
  readonly ordinal: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  readonly outcome: AttemptOutcome;
  readonly error: string | null;
}

export interface SeenActivity {
  readonly name: string;
  /** Null for a local activity, which has none. */
  readonly taskQueue: string | null;
  /** What it was given; undefined where that cannot be read, and for a local activity. */
  readonly input: unknown;
  /** The last ATTEMPTS_KEPT, the oldest first. */
  readonly attempts: readonly SeenAttempt[];
  readonly attemptCount: number;
}

export interface SeenPending {
  readonly activity: string;
  readonly input: unknown;
  readonly attempt: number;
  readonly lastError: string | null;
  readonly lastStartedMs: number | null;
  /** When it is tried next, while it waits for that. */
  readonly nextTryMs: number | null;
  readonly state: 'scheduled' | 'started' | 'backing_off';
}

export interface SeenWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: string;
  /** In the order in which they were scheduled. */
  readonly activities: readonly SeenActivity[];
  readonly pending: readonly SeenPending[];
}

/** Short: a caller waits, and can do without this answer. */
const ANSWER_LIMIT_MS = 1_200;
const EVENTS_MAX = 2_000;
export const ATTEMPTS_KEPT = 20;

/** Undefined if Temporal keeps no such workflow. Throws if it does not answer in time. */
export async function seeWorkflow(client: Client, workflowId: string): Promise<SeenWorkflow | undefined> {
  try {
    const [description, events] = await answerWithin(client, ANSWER_LIMIT_MS, () =>
      Promise.all([client.workflow.getHandle(workflowId).describe(), eventsOf(client, workflowId)]),
    );
    return {
      ...{ workflowId, runId: description.runId, status: description.status.name },
      ...(await activitiesOf(client, events, description)),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || isNotFound(error)) return undefined;
    throw error;
  }
}

type Event = temporal.api.history.v1.IHistoryEvent;

/** gRPC's NOT_FOUND, as the history is asked without a handle. */
function isNotFound(error: unknown): boolean {
  return (error as { code?: unknown }).code === 5;
}

/** The server gives a page of 256 events at most, whatever is asked for. */
async function eventsOf(client: Client, workflowId: string): Promise<Event[]> {
  const events: Event[] = [];
  for (let nextPageToken: Uint8Array | undefined; ;) {
    const answer = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: EVENTS_MAX,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    events.push(...(answer.history?.events ?? []));
    if (!answer.nextPageToken?.length || events.length >= EVENTS_MAX) return events;
    nextPageToken = answer.nextPageToken;
  }
}

type Raw = WorkflowExecutionDescription['raw'];

async function activitiesOf(
  client: Client,
  events: readonly Event[],
  { raw }: { readonly raw: Pick<Raw, 'pendingActivities'> },
): Promise<Pick<SeenWorkflow, 'activities' | 'pending'>> {
  const found = events.map((event) => activityAt(client, event, events, raw.pendingActivities ?? []));
  const activities = (await Promise.all(found)).filter((activity) => activity !== undefined);
  const pending = await Promise.all(
    (raw.pendingActivities ?? []).map(async (each): Promise<SeenPending> => {
      const isStarted = each.state === STARTED;
      const nextTryMs = isStarted ? null : msOf(each.nextAttemptScheduleTime ?? each.scheduledTime);
      return {
        activity: each.activityType?.name ?? '',
        input: await inputOf(client, scheduledOf(events, each.activityId)),
        attempt: each.attempt ?? 1,
        lastError: await errorOf(client, each.lastFailure),
        lastStartedMs: msOf(each.lastStartedTime),
        nextTryMs,
        state: isStarted ? 'started' : (each.attempt ?? 1) > 1 ? 'backing_off' : 'scheduled',
      };
    }),
  );
  return { activities, pending };
}

/** temporal.api.enums.v1.PendingActivityState */
const STARTED = 2;

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

/** The activity that an event schedules, or of which it is the marker. */
async function activityAt(
  client: Client,
  event: Event,
  events: readonly Event[],
  pending: readonly Pending[],
): Promise<SeenActivity | undefined> {
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName === LOCAL_MARKER) return localActivity(client, event, marker);
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (!scheduled) return undefined;
  const id = String(event.eventId);
  const started = events.find((each) => String(each.activityTaskStartedEventAttributes?.scheduledEventId) === id);
  const ended = events.map(endOf).find((end) => end?.scheduledId === id);
  const activity = {
    name: scheduled.activityType?.name ?? '',
    taskQueue: scheduled.taskQueue?.name ?? null,
    input: await inputOf(client, scheduled),
  };
  const now = pending.find(({ activityId }) => activityId === scheduled.activityId);
  const told = ended === undefined && now !== undefined ? await ofPending(client, now) : undefined;
  if (told !== undefined) return { ...activity, ...told };
  const attemptCount = started?.activityTaskStartedEventAttributes?.attempt ?? (ended === undefined ? 0 : 1);
  return {
    ...activity,
    ...attemptsUpTo(attemptCount, {
      last: {
        startedMs: msOf(started?.eventTime),
        endedMs: ended?.atMs ?? null,
        outcome: ended?.outcome ?? 'running',
        error: await errorOf(client, ended?.failure),
      },
      errorBefore: await errorOf(client, started?.activityTaskStartedEventAttributes?.lastFailure),
    }),
  };
}

async function ofPending(client: Client, now: Pending): Promise<Pick<SeenActivity, 'attempts' | 'attemptCount'>> {
  const lastError = await errorOf(client, now.lastFailure);
  const attempt = now.attempt ?? 1;
  const startedMs = msOf(now.lastStartedTime);
  if (now.state === STARTED)
    return attemptsUpTo(attempt, {
      last: { startedMs, endedMs: null, outcome: 'running', error: null },
      errorBefore: lastError,
    });
  const endedMs = msOf(now.lastAttemptCompleteTime);
  return attemptsUpTo(attempt - 1, { last: { startedMs, endedMs, outcome: 'failed', error: lastError } });
}

interface Known {
  readonly last: Omit<SeenAttempt, 'ordinal'>;
  /** Of the attempt before the last. */
  readonly errorBefore?: string | null;
}

/** Of the attempts before the last one, Temporal keeps no more than that they failed, and why the one before it did. */
function attemptsUpTo(
  attemptCount: number,
  { last, errorBefore = null }: Known,
): Pick<SeenActivity, 'attempts' | 'attemptCount'> {
  const first = Math.max(1, attemptCount - ATTEMPTS_KEPT + 1);
  const attempts = Array.from({ length: Math.min(attemptCount, ATTEMPTS_KEPT) }, (_, index): SeenAttempt => {
    const ordinal = first + index;
    if (ordinal === attemptCount) return { ordinal, ...last };
    const error = ordinal === attemptCount - 1 ? errorBefore : null;
    return { ...{ ordinal, startedMs: null, endedMs: null, error }, outcome: 'failed' };
  });
  return { attempts, attemptCount };
}

const LOCAL_MARKER = 'core_local_activity';

/** As temporal's core writes it, in JSON and never encrypted. */
interface LocalMarker {
  readonly activity_type?: string;
  readonly attempt?: number;
  readonly complete_time?: { readonly seconds: number; readonly nanos: number } | null;
  readonly original_schedule_time?: { readonly seconds: number; readonly nanos: number } | null;
}

async function localActivity(
  client: Client,
  event: Event,
  { details, failure }: temporal.api.history.v1.IMarkerRecordedEventAttributes,
): Promise<SeenActivity | undefined> {
  const data = details?.['data']?.payloads?.[0]?.data;
  if (!data) return undefined;
  const told = JSON.parse(Buffer.from(data).toString('utf8')) as LocalMarker;
  const error = await errorOf(client, failure);
  const startedMs = msOf(told.original_schedule_time);
  const endedMs = msOf(told.complete_time) ?? msOf(event.eventTime);
  return {
    ...{ name: told.activity_type ?? '', taskQueue: null, input: undefined },
    ...attemptsUpTo(told.attempt ?? 1, {
      last: {
        startedMs,
        // The end is by the workflow's time, which stands still in a task, the beginning by the worker's clock.
        endedMs: startedMs === null || endedMs === null ? endedMs : Math.max(startedMs, endedMs),
        outcome: error === null ? 'completed' : 'failed',
        error,
      },
    }),
  };
}

interface End {
  readonly scheduledId: string;
  readonly outcome: AttemptOutcome;
  readonly atMs: number | null;
  readonly failure: temporal.api.failure.v1.IFailure | null | undefined;
}

function endOf(event: Event): End | undefined {
  const ended = (
    [
      ['completed', event.activityTaskCompletedEventAttributes],
      ['failed', event.activityTaskFailedEventAttributes],
      ['timed_out', event.activityTaskTimedOutEventAttributes],
      ['canceled', event.activityTaskCanceledEventAttributes],
    ] as const
  ).find(([, attributes]) => attributes);
  if (ended === undefined) return undefined;
  const [outcome, attributes] = ended;
  const failure =
    attributes !== null && attributes !== undefined && 'failure' in attributes ? attributes.failure : null;
  return { scheduledId: String(attributes?.scheduledEventId), outcome, atMs: msOf(event.eventTime), failure };
}

function scheduledOf(events: readonly Event[], activityId: string | null | undefined) {
  return events
    .map(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled)
    .find((scheduled) => scheduled?.activityId === activityId);
}

/** It may be encrypted with a key that this process does not have. */
async function inputOf(
  { options: { loadedDataConverter } }: Client,
  scheduled: temporal.api.history.v1.IActivityTaskScheduledEventAttributes | null | undefined,
): Promise<unknown> {
  try {
    return (await decodeArrayFromPayloads(loadedDataConverter, scheduled?.input?.payloads))[0];
  } catch {
    return undefined;
  }
}

/** The message, and the innermost cause's behind it. */
async function errorOf(
  { options: { loadedDataConverter } }: Client,
  failure: temporal.api.failure.v1.IFailure | null | undefined,
): Promise<string | null> {
  if (!failure) return null;
  try {
    const error = await decodeOptionalFailureToOptionalError(loadedDataConverter, failure);
    let cause: unknown = error?.cause;
    while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
    const messages = [error?.message, cause instanceof Error ? cause.message : undefined].filter((text) => text);
    return messages.length === 0 ? 'it failed' : messages.join(': ');
  } catch {
    return 'its failure cannot be read here';
  }
}

function msOf(at: { seconds?: unknown; nanos?: number | null } | null | undefined): number | null {
  if (at === null || at === undefined || at.seconds === null || at.seconds === undefined) return null;
  return Number(at.seconds) * 1_000 + Math.floor((at.nanos ?? 0) / 1_000_000);
}
