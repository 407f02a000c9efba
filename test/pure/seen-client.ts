// A Temporal that has one recorded history, for tests of what is read from it.

import { readFileSync } from 'node:fs';
import { defaultFailureConverter, defaultPayloadConverter, type LoadedDataConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Client } from '@temporalio/client';

const loadedDataConverter = {
  payloadConverter: defaultPayloadConverter,
  failureConverter: defaultFailureConverter,
  payloadCodecs: [],
} as unknown as LoadedDataConverter;

/** A server gives fewer than it is asked for. */
const EVENTS_A_PAGE = 4;

interface AskedHistory {
  readonly execution: { readonly workflowId: string };
  readonly nextPageToken?: Uint8Array;
}

const NOT_FOUND = Object.assign(new Error('no such workflow'), { code: 5 });

/** `histories`: by workflow id, the name of a file in test/workflow/histories/; `pending` as a description has them. */
export function clientWith(histories: Readonly<Record<string, string>>, pending: readonly object[] = []): Client {
  const described = (workflowId: string) => {
    if (histories[workflowId] === undefined) throw NOT_FOUND;
    const status = { name: pending.length === 0 ? 'COMPLETED' : 'RUNNING' };
    return { runId: `run of ${workflowId}`, status, raw: { pendingActivities: pending } };
  };
  const fake = {
    options: { namespace: 'default', loadedDataConverter },
    connection: { withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work() },
    workflow: { getHandle: (workflowId: string) => ({ describe: async () => described(workflowId) }) },
    workflowService: {
      getWorkflowExecutionHistory: async ({ execution, nextPageToken }: AskedHistory) => {
        described(execution.workflowId);
        const { events } = historyOf(histories[execution.workflowId]!);
        const from = nextPageToken?.[0] ?? 0;
        const next = from + EVENTS_A_PAGE;
        return {
          history: { events: events.slice(from, next) },
          nextPageToken: next < events.length ? Uint8Array.of(next) : new Uint8Array(),
        };
      },
    },
  };
  return fake as unknown as Client;
}

/** A Temporal that does not answer. */
export function silentClient(): Client {
  const silent = (): Promise<never> => Promise.reject(new Error('no connection'));
  return {
    options: { namespace: 'default' },
    connection: { withAbortSignal: silent },
  } as unknown as Client;
}

function historyOf(name: string) {
  const recorded = readFileSync(new URL(`../workflow/histories/${name}.json`, import.meta.url), 'utf8');
  return proto.temporal.api.history.v1.History.fromObject(JSON.parse(recorded) as Record<string, unknown>);
}
