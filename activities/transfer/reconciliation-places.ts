/**
 * The reads of a reconciliation run, place by place and page by page: the movements, entries, wallets, workflows and Schedules that
 * are due at a place, and which of them seem to disagree.
 */
import type { Database } from '../../db/database.ts';
import { listCasesToExamine } from '../../db/transfer/case-queries.ts';
import { activeRecurring } from '../../db/transfer/recurring-queries.ts';
import {
  changedMovements,
  endedMovements,
  longOver,
  openMovements,
  stillOpen,
  subjectsWrittenFor,
  type Kind,
} from '../../db/transfer/reconciliation-queries.ts';
import { MOVEMENTS_MAX, type Ledger } from '../../domain/ledger.ts';
import {
  OVERLAP_SECONDS,
  workflowSubject,
  type Cursor,
  type Place,
  type Window,
} from '../../domain/transfer/reconciliation.ts';
import type { Examine } from './examination.ts';

export interface Look {
  readonly checked: number;
  /** The subjects that seem to disagree; at most some hundreds. */
  readonly suspects: readonly string[];
  /** Where to go on; null at the end. */
  readonly next: Cursor | null;
}

/** Temporal's lists of the workflows of movements: temporal/transfer/movement-workflows.ts. */
export interface WorkflowLists {
  readonly closedFromOutside: (
    fromMs: number,
    untilMs: number,
  ) => Promise<{ workflowIds: string[]; next: number | null }>;
  /** The ids of open workflows that were started before `untilMs`, the newest first; `next` is where to go on. */
  readonly openBefore: (untilMs: number | null) => Promise<{ workflowIds: string[]; next: number | null }>;
}

export type ReadPlace = (place: Place, window: Window, cursor: Cursor | null) => Promise<Look>;

const WALLETS_A_RUN = 1_000;

export function placeReader({
  database,
  ledger,
  workflows,
  examine,
}: {
  database: Database;
  ledger: Ledger;
  workflows: WorkflowLists;
  examine: Examine;
}): ReadPlace {
  return pageOf;

  async function pageOf(place: Place, window: Window, cursor: Cursor | null): Promise<Look> {
    switch (place.of) {
      case 'cases':
        return openCases(cursor);
      case 'closed_workflows':
        return closedWorkflows(window, cursor);
      case 'open_workflows':
        return openWorkflows(cursor);
      case 'schedules': {
        const { rows, next } = await activeRecurring(database, { after: cursor });
        const subjects = rows.map(({ recurringTransferId: id }) => `recurring/${id}`);
        return { checked: rows.length, suspects: await wrong(subjects), next };
      }
      case 'changed':
        return examined(place.kind, await changedMovements(database, place.kind, window, cursor));
      case 'open':
        return examined(place.kind, await openMovements(database, place.kind, cursor));
      case 'ended':
        return examined(place.kind, await endedMovements(database, place.kind, cursor));
      case 'fences': {
        const { movements, next } = await ledger.fences({ shard: place.shard, window, after: cursor ?? undefined });
        return { checked: movements.length, suspects: await wrong(await writtenFor(movements, window)), next };
      }
      case 'entries': {
        const page = await ledger.entries({ shard: place.shard, window, after: cursor ?? undefined });
        const suspects = [...page.wallets.map(walletSubject), ...(await writtenFor(page.movements, window))];
        return { checked: page.checked, suspects, next: page.next };
      }
      case 'wallets': {
        const slice = { shard: place.shard, after: cursor?.key ?? null, limit: WALLETS_A_RUN };
        const { checked, wallets, next } = await ledger.wallets(slice);
        return { checked, suspects: wallets.map(walletSubject), next: next === null ? null : { atMs: 0, key: next } };
      }
    }
  }

  async function openCases(cursor: Cursor | null): Promise<Look> {
    const after = cursor === null ? null : { openedAt: new Date(cursor.atMs), caseId: cursor.key };
    const rows = await listCasesToExamine(database, after, MOVEMENTS_MAX);
    const last = rows.at(-1);
    const next = rows.length < MOVEMENTS_MAX ? null : { atMs: last!.openedAt.getTime(), key: last!.caseId };
    return { checked: rows.length, suspects: rows.map(({ subject }) => subject), next };
  }

  /** Movements and batches that have not ended though their workflow was closed from outside. */
  async function closedWorkflows(window: Window, cursor: Cursor | null): Promise<Look> {
    // Later than the window: workflows may close during the run, and Temporal's clock may differ from the database's.
    const untilMs = cursor?.atMs ?? window.untilMs + OVERLAP_SECONDS * 1_000;
    const { workflowIds, next } = await workflows.closedFromOutside(window.fromMs, untilMs);
    const looks = await Promise.all([
      ...(['transfer', 'transaction'] as const).map(async (kind) => {
        const ids = workflowIds.filter((id) => id.startsWith(`${kind}/`)).map((id) => id.slice(kind.length + 1));
        return wrong((await stillOpen(database, kind, ids)).map((id) => `${kind}/${id}`));
      }),
      wrong(workflowIds.filter((id) => id.startsWith('batch/'))),
    ]);
    return {
      checked: workflowIds.length,
      suspects: looks.flat(),
      next: next === null ? null : { atMs: next, key: '' },
    };
  }

  /** Open workflows of movements and batches that have ended, as after Temporal's database was restored. */
  async function openWorkflows(cursor: Cursor | null): Promise<Look> {
    const { workflowIds, next } = await workflows.openBefore(cursor?.atMs ?? null);
    const over = await Promise.all(
      (['transfer', 'transaction', 'batch'] as const).map(async (kind) => {
        const ids = workflowIds.filter((id) => id.startsWith(`${kind}/`)).map((id) => id.slice(kind.length + 1));
        return (await longOver(database, kind, ids)).map((id) => workflowSubject(`${kind}/${id}`));
      }),
    );
    return {
      checked: workflowIds.length,
      suspects: await wrong(over.flat()),
      next: next === null ? null : { atMs: next, key: '' },
    };
  }

  async function examined(kind: Kind, { ids, next }: { ids: string[]; next: Cursor | null }): Promise<Look> {
    return { checked: ids.length, suspects: await wrong(ids.map((id) => `${kind}/${id}`)), next };
  }

  /** The subjects of movements that a shard wrote for, except those that are judged anyway because their row changed. */
  function writtenFor(movements: readonly string[], window: Window): Promise<string[]> {
    return movements.length === 0 ? Promise.resolve([]) : subjectsWrittenFor(database, movements, window.fromMs);
  }

  async function wrong(subjects: readonly string[]): Promise<string[]> {
    return [...(await examine(subjects)).keys()];
  }
}

function walletSubject(id: string): string {
  return `wallet/${id}`;
}
