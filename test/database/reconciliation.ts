// A run of the reconciliation over real databases, without Temporal: the activities in the order of the workflow; a map stands
// in for the workflows of movements.

import { createReconciliationActivities, type Workflows } from '../../activities/transfer/reconciliation.ts';
import type { Database } from '../../db/database.ts';
import { ledgerOf } from '../../db/wallet/ledger.ts';
import type { RunId } from '../../domain/ids.ts';
import {
  addTallies,
  EMPTY_TALLY,
  isPatrolled,
  nameOf,
  runStatus,
  type Cursor,
  type Patrol,
  type RunScope,
  type Tally,
} from '../../domain/transfer/reconciliation.ts';
import type { TestStores } from './database.ts';

const PAGE_ROWS = 500;

export interface Reconciliation {
  /** The workflows that Temporal knows, by id. */
  readonly states: Map<string, 'open' | 'closed'>;
  /** The movements whose workflows were started again; a start opens one unless it is `lost`. */
  readonly started: string[];
  /** The workflows that were asked to end, which they do unless they are `lost`. */
  readonly canceled: string[];
  /** The Schedules of recurring transfers that do not run, by their ids. */
  readonly schedules: Map<string, 'paused' | 'missing'>;
  /** The recurring transfers whose Schedules were put right, unless they are `lost`. */
  readonly tended: string[];
  readonly lost: Set<string>;
  /** The calls of Temporal that throw. */
  readonly unreachable: Set<keyof Workflows>;
  /** The milliseconds by which the clocks of the shards are ahead, by number of the shard. */
  readonly clocksAheadMs: number[];
  readonly database: Database;
  readonly workflows: Workflows;
  readonly activities: ReturnType<typeof createReconciliationActivities>;
  readonly run: (scope?: RunScope) => Promise<Tally & { readonly looks: Readonly<Record<string, number>> }>;
}

export function createReconciliation(stores: TestStores): Reconciliation {
  const states = new Map<string, 'open' | 'closed'>();
  const started: string[] = [];
  const canceled: string[] = [];
  const lost = new Set<string>();
  const unreachable = new Set<keyof Workflows>();
  const reach = (name: keyof Workflows): void => {
    if (unreachable.has(name)) throw new Error('Temporal is gone');
  };
  const start = async (workflowId: string): Promise<void> => {
    started.push(workflowId);
    if (!lost.has(workflowId)) states.set(workflowId, 'open');
  };
  const schedules = new Map<string, 'paused' | 'missing'>();
  const tended: string[] = [];
  const workflows: Workflows = {
    stateOf: async (workflowId) => {
      reach('stateOf');
      return states.get(workflowId) ?? 'none';
    },
    closedFromOutside: async () => ({
      workflowIds: [...states].filter(([, state]) => state === 'closed').map(([id]) => id),
      next: null,
    }),
    // In pages, as Temporal lists them; the place in the order takes the place of the time.
    openBefore: async (untilMs) => {
      const open = [...states].filter(([, state]) => state === 'open').map(([id]) => id);
      const until = (untilMs ?? 0) + PAGE_ROWS;
      return { workflowIds: open.slice(untilMs ?? 0, until), next: until < open.length ? until : null };
    },
    requestCancel: async (workflowId) => {
      reach('requestCancel');
      canceled.push(workflowId);
      if (!lost.has(workflowId)) states.set(workflowId, 'closed');
    },
    startTransfer: ({ transferId }) => start(`transfer/${transferId}`),
    startTransaction: ({ transactionId }) => start(`transaction/${transactionId}`),
    startBatch: async ({ batchId }) => {
      reach('startBatch');
      await start(`batch/${batchId}`);
    },
    scheduleOf: async (id) => schedules.get(id) ?? 'runs',
    tendRecurring: async ({ recurringTransferId: id }) => {
      reach('tendRecurring');
      tended.push(id);
      if (!lost.has(`recurring/${id}`)) schedules.delete(id);
    },
  };
  const ledger = ledgerOf(stores.wallets.map(({ service }) => service));
  const clocksAheadMs: number[] = [];
  const activities = createReconciliationActivities({
    database: stores.transfer.service,
    ledger: { ...ledger, clock: async (shard) => (await ledger.clock(shard)) + (clocksAheadMs[shard] ?? 0) },
    workflows,
  });

  return {
    states,
    started,
    canceled,
    schedules,
    tended,
    lost,
    unreachable,
    clocksAheadMs,
    database: stores.transfer.service,
    workflows,
    activities,
    async run(scope = 'changes') {
      const runId = crypto.randomUUID() as RunId;
      const { patrol: before, places = [] } = await activities.beginReconciliation({
        runId,
        workflowId: `reconciliation/${runId}`,
        trigger: 'request',
        scope,
      });
      let tally = EMPTY_TALLY;
      let patrol: Patrol = {};
      const examined = new Set<string>();
      const looks: Record<string, number> = {};
      for (const { place, window } of places) {
        const name = nameOf(place);
        let cursor: Cursor | null = isPatrolled(place) ? (before[name] ?? null) : null;
        do {
          const look = await activities.lookAt({ place, window, cursor });
          looks[name] = (looks[name] ?? 0) + look.checked;
          tally = addTallies(tally, { checked: look.checked });
          const subjects = look.suspects.filter((subject) => !examined.has(subject));
          for (const subject of subjects) examined.add(subject);
          tally = addTallies(tally, await activities.settleSuspects({ subjects }));
          cursor = look.next;
        } while (cursor !== null && !isPatrolled(place));
        patrol = { ...patrol, [name]: cursor };
      }
      await activities.finishReconciliation({ runId, status: runStatus(tally), tally, patrol });
      return { ...tally, looks };
    },
  };
}
