/** The calls about events: the log, the outboxes that it is copied from, and what is derived from it. */
import type { BodyOf, Calls, QueryOf } from './call.ts';
import type { createEventStream } from './event-stream.ts';
import type { CallOptions } from './transport.ts';

/** The outboxes from which events come. */
export function eventSourceCalls({ call }: Calls) {
  return {
    list: (callOptions?: CallOptions) => call('listEventSources', {}, callOptions),
    /** Goes on with one that is STOPPED. */
    resume: (source: string, body: BodyOf<'resumeEventSource'>, callOptions?: CallOptions) =>
      call('resumeEventSource', { path: { source }, body }, callOptions),
  };
}

/** What has happened, in the order of the log. */
export function eventCalls({ call }: Calls, stream: ReturnType<typeof createEventStream>) {
  return {
    /** A page; the next one is asked for with its `next_after`. */
    list: (query: QueryOf<'listEvents'> = {}, callOptions?: CallOptions) => call('listEvents', { query }, callOptions),
    get: (position: number, callOptions?: CallOptions) => call('getEvent', { path: { position } }, callOptions),
    /** All types, each with the JSON Schema of its events. */
    types: async (callOptions?: CallOptions) => (await call('listEventTypes', {}, callOptions)).data,
    stream,
  };
}

/** What is derived from the event log. */
export function projectionCalls({ call }: Calls) {
  return {
    list: async (callOptions?: CallOptions) => (await call('listProjections', {}, callOptions)).data,
    /** Builds it anew beside the live one, which it then replaces. A repeat meanwhile changes nothing. */
    rebuild: (projection: string, callOptions?: CallOptions) =>
      call('rebuildProjection', { path: { projection } }, callOptions),
    deadLetters: async (projection: string, query: QueryOf<'listDeadLetters'> = {}, callOptions?: CallOptions) =>
      (await call('listDeadLetters', { path: { projection }, query }, callOptions)).data,
    /** Tries all dead letters again, or one. */
    retryDeadLetters: (projection: string, query: QueryOf<'retryDeadLetters'> = {}, callOptions?: CallOptions) =>
      call('retryDeadLetters', { path: { projection }, query }, callOptions),
  };
}
