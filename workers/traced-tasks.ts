/**
 * The spans of activities, one for each attempt: in the trace of the request that the movement was asked for by, or where an
 * activity's input does not name one, in a trace of the workflow's own.
 */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { TraceContext } from '../domain/trace-context.ts';
import { traced, type SpanPlace } from '../process/traces.ts';

export const traceTasks: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute(input, next) {
      const { workflowId } = info.workflowExecution ?? {};
      const trace = traceIn(input.args[0]);
      const place: SpanPlace = trace === undefined ? { workflow: workflowId ?? info.activityId } : { within: trace };
      const attributes = {
        ...(workflowId === undefined ? {} : { 'counterpoise.workflow_id': workflowId }),
        'counterpoise.task_queue': info.taskQueue,
        'counterpoise.attempt': info.attempt,
      };
      return traced({ name: info.activityType, kind: 'internal', place, attributes }, () => next(input));
    },
  },
});

/** The trace context in an activity's input. */
function traceIn(input: unknown): TraceContext | undefined {
  if (typeof input !== 'object' || input === null || !('trace' in input)) return undefined;
  const trace = input.trace as Partial<TraceContext> | null | undefined;
  return typeof trace?.requestId === 'string' ? (trace as TraceContext) : undefined;
}
