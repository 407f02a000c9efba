/** The requests to a running order: hand over a consignment, cancel, resolve; and the news of its shipments. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  currentUpdateInfo,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { OrderId } from '../../domain/ids.ts';
import type { Steps } from '../steps.ts';
import type { Attention } from './attention.ts';
import type { ConsignmentCourse } from './consignment.ts';
import {
  cancelOrderUpdate,
  handOverUpdate,
  ORDER_TASK_QUEUE,
  resolveOrderUpdate,
  shipmentMovedSignal,
  type OrderRefusal,
} from './messages.ts';

export interface Requests {
  /** The courses of the consignments, once the order is confirmed. */
  courses: readonly ConsignmentCourse[] | undefined;
  /** Whether the order has ended. */
  isOver: boolean;
}

/** A request that is not decided within this is answered all the same; what was asked goes on. */
const DECIDED_WITHIN = '8 seconds';

/** `forward` is the scope of what comes before the confirmation: a cancel request ends it. */
export function receiveRequests(
  orderId: OrderId,
  forward: CancellationScope,
  steps: Steps,
  attention: Attention,
): Requests {
  const requests: Requests = { courses: undefined, isOver: false };
  const hasLeft = (): boolean => requests.courses?.every((course) => course.decided()?.outcome === 'issued') ?? false;
  const courseOf = (n: number): ConsignmentCourse | undefined => requests.courses?.find((course) => course.n === n);

  setHandler(
    handOverUpdate,
    insistently(async ({ n, carrierReference }) => {
      steps.leaveFirstTask();
      // The row says CONFIRMED before this run has heard of it, and so does the row of a run that has just begun.
      await condition(() => requests.courses !== undefined || requests.isOver, DECIDED_WITHIN);
      if (requests.courses === undefined) throw refusal('not_confirmed');
      const course = courseOf(n);
      if (course === undefined) throw refusal('no_such_consignment');
      course.askHandOver(carrierReference);
      await condition(() => course.decided() !== undefined, DECIDED_WITHIN);
      return course.decided();
    }),
    {
      validator: ({ n }) => {
        if (requests.courses === undefined && requests.isOver) throw refusal('not_confirmed');
        if (requests.courses !== undefined && courseOf(n) === undefined) throw refusal('no_such_consignment');
      },
    },
  );

  setHandler(
    cancelOrderUpdate,
    insistently(async () => {
      steps.leaveFirstTask();
      forward.cancel();
      await condition(() => requests.courses !== undefined || requests.isOver, DECIDED_WITHIN);
      for (const course of requests.courses ?? []) course.askRelease('canceled');
      const isDecided = (): boolean => (requests.courses ?? []).every((course) => course.decided() !== undefined);
      await condition(() => isDecided() || requests.isOver, DECIDED_WITHIN);
      if (hasLeft()) throw refusal('not_cancelable');
    }),
    {
      validator: () => {
        if (hasLeft()) throw refusal('not_cancelable');
      },
    },
  );

  setHandler(
    resolveOrderUpdate,
    insistently(async (resolution) => {
      steps.leaveFirstTask();
      const requestKey = `${workflowInfo().runId}/${currentUpdateInfo()?.id}`;
      await steps.run('recordOrderAction', ORDER_TASK_QUEUE, { orderId, ...resolution, requestKey });
      const { action } = resolution;
      attention.hurry();
      if (action === 'retry') return;
      for (const course of requests.courses ?? []) if (course.isDue()) course.resolve(action);
    }),
    {
      validator: ({ action }) => {
        const isDue = requests.courses?.some((course) => course.isDue()) ?? false;
        if (action === 'retry' ? !attention.isShown() : !isDue) throw refusal('not_resolvable');
      },
    },
  );

  setHandler(shipmentMovedSignal, ({ n }) => courseOf(n)?.moved());
  return requests;
}

/** A handler that Temporal's own cancel request of the workflow does not end: whoever asks is told what has been decided. */
function insistently<Asked extends unknown[], Answer>(
  handler: (...asked: Asked) => Promise<Answer>,
): (...asked: Asked) => Promise<Answer> {
  return (...asked) => CancellationScope.nonCancellable(() => handler(...asked));
}

function refusal(type: OrderRefusal): ApplicationFailure {
  return ApplicationFailure.create({ type, message: 'the state of the order does not allow it', nonRetryable: true });
}
