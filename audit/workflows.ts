/**
 * I5: each movement under way has an open workflow, its own or its group's, and each open workflow a movement under way.
 *
 * Rows and workflows are read while both may change, and Temporal's lists lag behind what it knows. So a disagreement is only a
 * suspicion at first: row and workflow are looked at again, the workflow by describe, until they agree or the audit's patience is
 * over. A movement that has just been accepted may not have been started yet, and is left out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { TRANSFER_TASK_QUEUE } from '../workflows/transfer/messages.ts';
import type { Findings } from './findings.ts';
import { PAGE_ROWS, pagesOf, rowsOf, uuids } from './reader.ts';

export interface WorkflowLookup {
  /** The ids of the workflows that run, as far as visibility has caught up. */
  readonly listRunning: () => AsyncIterable<string>;
  /** Whether this workflow runs now. */
  readonly isRunning: (workflowId: string) => Promise<boolean>;
  /** Temporal's own id of the namespace. */
  readonly namespaceId: () => Promise<string>;
}

/** Longer than the sweep takes to start a workflow that nobody else has started. */
const STARTED_WITHIN_SECONDS = 10;
const LOOK_AGAIN_MS = 500;
const DESCRIBED_AT_ONCE = 16;
const KINDS = ['transfer', 'batch', 'transaction'] as const;
type Kind = (typeof KINDS)[number];

/** Looks workflows up in Temporal. */
export function lookUpWorkflows(client: Client): WorkflowLookup {
  return {
    async *listRunning() {
      const query = `TaskQueue = '${TRANSFER_TASK_QUEUE}' AND ExecutionStatus = 'Running'`;
      for await (const { workflowId } of client.workflow.list({ query, pageSize: PAGE_ROWS })) yield workflowId;
    },
    async isRunning(workflowId) {
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        return status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    async namespaceId() {
      const { namespace } = client.options;
      const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
      return namespaceInfo?.id || `name:${namespace}`;
    },
  };
}

/** `transfer` is the database as it is now, because a snapshot would grow old while workflows end. */
export async function checkWorkflows(
  transfer: Database,
  workflows: WorkflowLookup,
  findings: Findings,
  patienceMs: number,
): Promise<void> {
  const patientUntil = Date.now() + patienceMs;

  /** Looks again at the ids that disagree, until none does or patience is over. Returns those that still disagree. */
  const stillAmiss = async (ids: string[], isAmiss: (ids: string[]) => Promise<string[]>): Promise<string[]> => {
    let amiss = await isAmiss(ids);
    while (amiss.length > 0 && Date.now() < patientUntil) {
      await sleep(LOOK_AGAIN_MS);
      amiss = await isAmiss(amiss);
    }
    return amiss;
  };

  for (const kind of KINDS) {
    const isUnfounded = async (ids: string[]): Promise<string[]> => {
      const alone = without(await underWay(transfer, kind, ids), await running(workflows, kind, ids));
      return kind === 'transfer' ? without(alone, await inOpenGroup(transfer, workflows, alone)) : alone;
    };
    for await (const page of pagesOf(
      transfer,
      (id, limit) => underWayAfter(kind, id, limit),
      ({ id }: { id: string }) => id,
    )) {
      for (const id of await stillAmiss(
        page.map(({ id: each }) => each),
        isUnfounded,
      )) {
        findings.report('I5', `${kind} ${id}`, 'it has not ended, but no workflow of it is open');
      }
    }
  }

  for await (const page of batchesOf(workflows.listRunning())) {
    findings.count('open_workflows', page.length);
    for (const kind of [...KINDS, 'group'] as const) {
      const ids = page.filter((id) => id.startsWith(`${kind}/`)).map((id) => id.slice(kind.length + 1));
      const isLeftOver = async (some: string[]): Promise<string[]> => {
        const over = without(some, await underWay(transfer, kind, some));
        return running(workflows, kind, over);
      };
      for (const id of await stillAmiss(ids, isLeftOver))
        findings.report('I5', `${kind} ${id}`, 'its workflow is open, but it has ended or never was');
    }
  }
}

/** The items of a batch have no workflow of their own: theirs is the batch's. */
const table = {
  transfer: sql`(SELECT * FROM transfers WHERE batch_id IS NULL) transfers`,
  batch: sql`transfer_batches`,
  transaction: sql`transactions`,
  group: sql`transfers`,
};
const id = { transfer: sql`transfer_id`, batch: sql`batch_id`, transaction: sql`transaction_id`, group: sql`group_id` };
const isUnderWay = sql`status NOT IN ('COMPLETED', 'PROCESSED', 'FAILED', 'CANCELED')`;

function underWayAfter(kind: Kind, key: string, limit: number) {
  return sql`
    SELECT ${id[kind]} AS id FROM ${table[kind]}
    WHERE ${id[kind]} > ${key} AND ${isUnderWay} AND created_at NOT BETWEEN now() - make_interval(secs => ${STARTED_WITHIN_SECONDS}) AND now() + make_interval(secs => ${STARTED_WITHIN_SECONDS})
    ORDER BY ${id[kind]} LIMIT ${limit}`;
}

/** Those of these movements that have not ended; of groups, those that have a transfer which has not. */
async function underWay(transfer: Database, kind: Kind | 'group', ids: string[]): Promise<string[]> {
  const uuid = ids.filter((each) => /^[0-9a-f-]{36}$/.test(each));
  const rows = await rowsOf<{ id: string }>(
    transfer,
    sql`SELECT DISTINCT ${id[kind]} AS id FROM ${table[kind]} WHERE ${id[kind]} = ANY(${uuids(uuid)}) AND ${isUnderWay}`,
  );
  return rows.map((row) => row.id);
}

/** Those of these transfers whose group is open: it moves them, or is about to give each a workflow of its own. */
async function inOpenGroup(transfer: Database, workflows: WorkflowLookup, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await rowsOf<{ id: string; group_id: string }>(
    transfer,
    sql`SELECT transfer_id AS id, group_id FROM transfers WHERE transfer_id = ANY(${uuids(ids)}) AND group_id IS NOT NULL`,
  );
  const open = new Set(await running(workflows, 'group', [...new Set(rows.map((row) => row.group_id))]));
  return rows.filter((row) => open.has(row.group_id)).map((row) => row.id);
}

/** Those of these movements that have an open workflow. */
async function running(workflows: WorkflowLookup, kind: Kind | 'group', ids: string[]): Promise<string[]> {
  const found: string[] = [];
  for (let start = 0; start < ids.length; start += DESCRIBED_AT_ONCE) {
    const some = ids.slice(start, start + DESCRIBED_AT_ONCE);
    const areRunning = await Promise.all(some.map((each) => workflows.isRunning(`${kind}/${each}`)));
    found.push(...some.filter((_, index) => areRunning[index]));
  }
  return found;
}

function without(all: readonly string[], some: readonly string[]): string[] {
  const out = new Set(some);
  return all.filter((each) => !out.has(each));
}

async function* batchesOf(ids: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const each of ids) {
    batch.push(each);
    if (batch.length < PAGE_ROWS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
