/**
 * The calls of activities from a workflow: where an activity runs, how long it may take, and how it is repeated. All waiting and
 * retrying is Temporal's.
 */
import {
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  rootCause,
  workflowInfo,
  type ActivityOptions,
  type LocalActivityOptions,
} from '@temporalio/workflow';
import type { BatchTransferActivities } from '../activities/transfer/batch.ts';
import type { BatchWalletActivities } from '../activities/wallet/batch.ts';
import type { GroupTransferActivities } from '../activities/transfer/group.ts';
import type { GroupWalletActivities } from '../activities/wallet/group.ts';
import type { TransferGroupAtOnceActivities } from '../activities/transfer-group-at-once.ts';
import type { TransferActivities } from '../activities/transfer/transfer.ts';
import type { TransferAtOnceActivities } from '../activities/transfer-at-once.ts';
import type { WalletActivities } from '../activities/wallet/wallet.ts';
import type { AccountingOperations } from '../domain/accounting/operations.ts';
import type { DeliveryOperations } from '../domain/delivery/operations.ts';
import type { InstallationId } from '../domain/ids.ts';
import type { InventoryOperations } from '../domain/inventory/operations.ts';
import type { OrderPayments, OrderRecords, ReturnOperations } from '../domain/order/operations.ts';
import type { OrderReview, ReservationReview } from '../domain/order/reconciliation.ts';
import type { Dispatch } from './transfer/messages.ts';
import { ownBodyHash } from './own-body.ts';

type Activities = WalletActivities &
  TransferActivities &
  TransferAtOnceActivities &
  BatchWalletActivities &
  BatchTransferActivities &
  GroupWalletActivities &
  GroupTransferActivities &
  TransferGroupAtOnceActivities &
  InventoryOperations &
  DeliveryOperations &
  AccountingOperations &
  OrderRecords &
  OrderPayments &
  OrderReview &
  ReservationReview &
  ReturnOperations;
type Inputs = { [Name in keyof Activities]: Parameters<Activities[Name]>[0] };
type Answers = { [Name in keyof Activities]: Awaited<ReturnType<Activities[Name]>> };

/**
 * Calls an activity by its name, on the task queue of the service that owns its database. With `limitMs`, the call is given up
 * after that many milliseconds; the activity may still arrive afterwards.
 */
export type Step = <Name extends keyof Activities>(
  name: Name,
  taskQueue: string,
  input: Inputs[Name],
  limitMs?: number,
) => Promise<Answers[Name]>;

type Attempt<Name extends keyof Activities> = { readonly answer: Answers[Name] } | undefined;

export interface Steps {
  /** Makes the one attempt that local dispatch has in the first workflow task; undefined if there is none, or if it failed. */
  readonly attempt: <Name extends keyof Activities>(name: Name, input: Inputs[Name]) => Promise<Attempt<Name>>;
  /** Repeats the activity until it succeeds, its limit passes, or its scope is canceled. For everything but compensation. */
  readonly run: Step;
  /** One attempt as an ordinary activity: begun within three seconds, and done within six more. */
  readonly once: Step;
  /**
   * As `run`, but tried once as a local activity before: that costs neither an activity task nor a workflow task. Meanwhile no request
   * and no timer reaches the workflow, for two seconds at most, so this is for its last step, which nothing can stop any more.
   */
  readonly inTask: Step;
  /** For compensation: repeats the activity without a limit. */
  readonly runUntilDone: (stuck: Stuck) => Step;
  /** Makes every later step an ordinary activity: a request has to be durable before it is acted upon. */
  readonly leaveFirstTask: () => void;
}

/** The part of a workflow's input that says how it calls activities, and for which installation. */
interface Caller {
  readonly dispatch: Dispatch;
  readonly installationId?: InstallationId;
}

/** The callbacks around a compensation that keeps failing. */
export interface Stuck {
  /** Called once the compensation has failed for three minutes. */
  readonly onStuck: (step: keyof Activities, lastError: string) => Promise<void>;
  /** Resolves when an operator asks to try again at once. */
  readonly untilHurried?: () => Promise<void>;
}

// Longer than the statement_timeout of the services' roles (db/migrate.ts), so that PostgreSQL has decided before the
// activity is given up and repeated.
const startToCloseTimeout = '10 seconds';

const FORWARD: ActivityOptions = {
  startToCloseTimeout,
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
};
/** Temporal ends an activity at once if its next try would come after the limit: so at most the last pause of the limit is lost. */
const BOUNDED: ActivityOptions = {
  retry: { initialInterval: '200 milliseconds', maximumInterval: '2 seconds' },
};
/**
 * Longer than a statement may take, and no more; and less where no worker takes the task at all: whoever waits for a group does not
 * wait long for a shard that does not answer.
 */
const ONCE: ActivityOptions = {
  scheduleToStartTimeout: '3 seconds',
  startToCloseTimeout: '6 seconds',
  retry: { maximumAttempts: 1 },
};
const COMPENSATION: ActivityOptions = {
  startToCloseTimeout,
  retry: { initialInterval: '500 milliseconds', maximumInterval: '60 seconds' },
};
const COMPENSATION_UNTIL_ATTENTION: ActivityOptions = { ...COMPENSATION, scheduleToCloseTimeout: '3 minutes' };

export function createSteps({ dispatch, installationId }: Caller): Steps {
  const first = firstTask(dispatch);
  const bodyHash = ownBodyHash();
  const marked = <Input extends object>(input: Input): Input => ({
    ...input,
    ...(installationId === undefined ? {} : { installationId }),
    ...(bodyHash === undefined ? {} : { bodyHash }),
  });
  const attemptOr = async <Name extends keyof Activities>(
    name: Name,
    input: Inputs[Name],
    call: () => Promise<Answers[Name]>,
  ): Promise<Answers[Name]> => {
    // No `await` unless an attempt is made: replays of ordinary dispatch depend on the number of microtasks.
    const attempt = first.isOpen() ? await first.attempt(name, input) : undefined;
    return attempt === undefined ? call() : attempt.answer;
  };

  const steps: Steps = {
    attempt: (name, input) => first.attempt(name, marked(input)),

    run: (name, taskQueue, unmarked, limitMs) => {
      const input = marked(unmarked);
      return attemptOr(name, input, () =>
        ordinary(name, taskQueue, input, {
          ...FORWARD,
          ...(limitMs === undefined ? {} : { ...BOUNDED, scheduleToCloseTimeout: limitMs }),
        }),
      );
    },

    inTask: (name, taskQueue, input, limitMs) => {
      const run = () => steps.run(name, taskQueue, input, limitMs);
      return first.isOpen() ? run() : local(name, marked(input), { scheduleToCloseTimeout: '2 seconds' }).catch(run);
    },

    once: (name, taskQueue, unmarked) => ordinary(name, taskQueue, marked(unmarked), ONCE),

    leaveFirstTask: first.leave,

    runUntilDone:
      ({ onStuck, untilHurried }) =>
      (name, taskQueue, unmarked) => {
        const input = marked(unmarked);
        return attemptOr(name, input, async () => {
          try {
            return await ordinary(name, taskQueue, input, COMPENSATION_UNTIL_ATTENTION);
          } catch (error) {
            // `onStuck` must not hold up the compensation, whose database may be back before the one that `onStuck` writes to.
            const telling = new CancellationScope();
            const told = telling.run(() => onStuck(name, rootCause(error) ?? String(error))).catch(() => {});
            const answer = await hurriedly(() => ordinary(name, taskQueue, input, COMPENSATION), untilHurried);
            telling.cancel();
            await told;
            return answer;
          }
        });
      },
  };
  return steps;
}

/** One attempt in the workflow task that is open. */
function local<Name extends keyof Activities>(
  name: Name,
  input: Inputs[Name],
  limit: LocalActivityOptions = { startToCloseTimeout: '5 seconds' },
): Promise<Answers[Name]> {
  return call(proxyLocalActivities({ ...limit, retry: { maximumAttempts: 1 } }), name, input);
}

function ordinary<Name extends keyof Activities>(
  name: Name,
  taskQueue: string,
  input: Inputs[Name],
  options: ActivityOptions,
): Promise<Answers[Name]> {
  return call(proxyActivities({ ...options, taskQueue }), name, input);
}

/**
 * The first workflow task in local dispatch: each step is tried once as a local activity; after a throw or any wait, steps are
 * ordinary activities. Results of local activities are not durable before their workflow task ends, but the fences make the repeats
 * after a crash harmless. A local activity that retries holds up timers and cancel requests, so each is tried only once.
 */
function firstTask(dispatch: Dispatch) {
  // The history length at the first command of a run whose first workflow task did not fail: started, scheduled, started.
  const FIRST_TASK_HISTORY_LENGTH = 3;
  let isOver = false;

  const isOpen = (): boolean =>
    dispatch === 'local' && !isOver && workflowInfo().historyLength <= FIRST_TASK_HISTORY_LENGTH;
  const attempt: Steps['attempt'] = async (name, input) => {
    if (!isOpen()) return undefined;
    try {
      return { answer: await local(name, input) };
    } catch (error) {
      // A canceled scope ends the ordinary activity, too, at once, so the first task stays open for compensation.
      if (!isCancellation(error)) isOver = true;
      return undefined;
    }
  };
  const leave = (): void => {
    isOver = true;
  };
  return { isOpen, attempt, leave };
}

/** Returns the result of a call that goes on retrying. Whenever it is hurried, a new call cuts the pause short. */
async function hurriedly<T>(attempt: () => Promise<T>, untilHurried?: () => Promise<void>): Promise<T> {
  if (untilHurried === undefined) return attempt();
  for (;;) {
    const scope = new CancellationScope();
    const answer = scope.run(attempt).then((value) => ({ value }));
    const first = await Promise.race([answer, untilHurried()]);
    if (first !== undefined) return first.value;
    scope.cancel();
    // The canceled call may have succeeded all the same.
    const late = await answer.catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
    if (late !== undefined) return late.value;
  }
}

/** Casts, because the compiler cannot see that the function and the input of one name belong together. */
function call<Name extends keyof Activities>(
  activities: object,
  name: Name,
  input: Inputs[Name],
): Promise<Answers[Name]> {
  return (activities as Record<Name, (input: Inputs[Name]) => Promise<Answers[Name]>>)[name](input);
}
