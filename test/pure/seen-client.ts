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
      getWorkflowExecutionHistory: async ({ execution }: { execution: { workflowId: string } }) => {
        described(execution.workflowId);
        return { history: historyOf(histories[execution.workflowId]!) };
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
