/**
 * I5: each movement under way has an open workflow, its own or its group's, and each open workflow a movement under way. O8: so has
 * each order, and each return whose goods are back.
 *
 * Rows and workflows are read while both may change, and Temporal's lists lag behind what it knows. So a disagreement is only a
 * suspicion at first: row and workflow are looked at again, the workflow by describe, until they agree or the audit's patience is
 * over. A movement that has just been accepted may not have been started yet, and is left out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { sql, type SQL } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { ORDER_TASK_QUEUE } from '../workflows/order/messages.ts';
import { TRANSFER_TASK_QUEUE } from '../workflows/transfer/messages.ts';
import type { Findings, Invariant } from './findings.ts';
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

/** A kind of thing that has a workflow while it is under way; the workflow's id is the kind's name and the thing's id. */
interface Kind {
  readonly name: string;
  readonly invariant: Invariant;
  /** As it is now, because a snapshot would grow old while workflows end. */
  readonly database: Database;
  readonly table: SQL;
  readonly id: SQL;
  readonly isUnderWay: SQL;
  /** Since when it has been under way. */
  readonly since: SQL;
}

/** Looks workflows up in Temporal. */
export function lookUpWorkflows(client: Client): WorkflowLookup {
  return {
    async *listRunning() {
      const queues = `(TaskQueue = '${TRANSFER_TASK_QUEUE}' OR TaskQueue = '${ORDER_TASK_QUEUE}')`;
      const query = `${queues} AND ExecutionStatus = 'Running'`;
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

export async function checkWorkflows(
  transfer: Database,
  kinds: readonly Kind[],
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

  for (const kind of kinds) {
    const isUnfounded = async (ids: string[]): Promise<string[]> => {
      const alone = without(await underWay(kind, ids), await running(workflows, kind.name, ids));
      return kind.name === 'transfer' ? without(alone, await inOpenGroup(transfer, workflows, alone)) : alone;
    };
    for await (const page of pagesOf(
      kind.database,
      (id, limit) => underWayAfter(kind, id, limit),
      ({ id }: { id: string }) => id,
    )) {
      for (const id of await stillAmiss(
        page.map(({ id: each }) => each),
        isUnfounded,
      )) {
        findings.report(kind.invariant, `${kind.name} ${id}`, 'it has not ended, but no workflow of it is open');
      }
    }
  }

  for await (const page of batchesOf(workflows.listRunning())) {
    findings.count('open_workflows', page.length);
    for (const kind of [...kinds, groupsIn(transfer)]) {
      const { name, invariant } = kind;
      const ids = page.filter((id) => id.startsWith(`${name}/`)).map((id) => id.slice(name.length + 1));
      const isLeftOver = async (some: string[]): Promise<string[]> => {
        const over = without(some, await underWay(kind, some));
        return running(workflows, name, over);
      };
      for (const id of await stillAmiss(ids, isLeftOver))
        findings.report(invariant, `${name} ${id}`, 'its workflow is open, but it has ended or never was');
    }
  }
}

const ofMovement = {
  invariant: 'I5',
  isUnderWay: sql`status NOT IN ('AWAITING_APPROVAL', 'COMPLETED', 'PROCESSED', 'FAILED', 'CANCELED')`,
  since: sql`created_at`,
} as const;

/** What moves money. `transfer` is the database as it is now. */
export function movementKinds(database: Database): Kind[] {
  return [
    {
      ...{ ...ofMovement, database, name: 'transfer', id: sql`transfer_id` },
      // The items of a batch have no workflow of their own: theirs is the batch's.
      table: sql`(SELECT * FROM transfers WHERE batch_id IS NULL) transfers`,
    },
    { ...ofMovement, database, name: 'batch', table: sql`transfer_batches`, id: sql`batch_id` },
    { ...ofMovement, database, name: 'transaction', table: sql`transactions`, id: sql`transaction_id` },
  ];
}

/** A group is under way while one of its transfers is. */
function groupsIn(database: Database): Kind {
  return { ...ofMovement, database, name: 'group', table: sql`transfers`, id: sql`group_id` };
}

/** Orders, and returns whose goods are back: of one that was only announced, nothing runs. */
export function orderKinds(database: Database): Kind[] {
  return [
    {
      ...{ database, invariant: 'O8', name: 'order', table: sql`orders`, id: sql`order_id`, since: sql`created_at` },
      isUnderWay: sql`status IN ('PENDING', 'CONFIRMED')`,
    },
    {
      ...{ database, invariant: 'O8', name: 'return', table: sql`returns`, id: sql`return_id`, since: sql`updated_at` },
      isUnderWay: sql`status = 'RECEIVED'`,
    },
  ];
}

function underWayAfter({ id, table, isUnderWay, since }: Kind, key: string, limit: number): SQL {
  const seconds = sql`make_interval(secs => ${STARTED_WITHIN_SECONDS})`;
  return sql`
    SELECT ${id} AS id FROM ${table}
    WHERE ${id} > ${key} AND ${isUnderWay} AND ${since} NOT BETWEEN now() - ${seconds} AND now() + ${seconds}
    ORDER BY ${id} LIMIT ${limit}`;
}

/** Those of these that have not ended. */
async function underWay({ database, id, table, isUnderWay }: Kind, ids: string[]): Promise<string[]> {
  const uuid = ids.filter((each) => /^[0-9a-f-]{36}$/.test(each));
  const rows = await rowsOf<{ id: string }>(
    database,
    sql`SELECT DISTINCT ${id} AS id FROM ${table} WHERE ${id} = ANY(${uuids(uuid)}) AND ${isUnderWay}`,
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

/** Those of these that have an open workflow. */
async function running(workflows: WorkflowLookup, kind: string, ids: string[]): Promise<string[]> {
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
