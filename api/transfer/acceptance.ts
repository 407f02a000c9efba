/**
 * The acceptance of transfers, one-sided transactions and batches. Each is stored once for its Idempotency-Key, then its workflow
 * is started, then the request waits for its end if the client prefers that. Once it is stored, no failure of Temporal or of the
 * wait is an error: the sweep starts workflows that were not started.
 */
import type { Client } from '@temporalio/client';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { demandsApproval } from '../../db/transfer/approval-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { Transaction } from '../../db/transfer/transaction-queries.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { Backlog } from '../../temporal/backlog.ts';
import type { MovementCounts, MovementKind } from '../../domain/transfer/movement-counts.ts';
import type { TemporalMonitor } from '../../temporal/health.ts';
import type { MovementNotifier } from '../../temporal/movement-notifier.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { overloaded } from '../http/load-limits.ts';
import { FIRST_LOOK_MS_WHERE_HEARD, waitPreference, waitForRow } from '../http/prefer-wait.ts';
import { faultyRequest, ProblemError, type Fault } from '../http/problem.ts';
import type { ApiEnv } from '../http/env.ts';
import type { Starts } from '../http/bound-starts.ts';
import type { InLine } from './accept-group.ts';
import type { GroupLine } from './group-line.ts';
import type { ShardsBehind } from './shards-behind.ts';

/** Of the movements whose workflows this process runs. */
export interface MovementNotifiers {
  readonly transfers?: Pick<MovementNotifier<Transfer>, 'next'>;
  readonly transactions?: Pick<MovementNotifier<Transaction>, 'next'>;
}

export interface AcceptanceDeps {
  readonly client: Client;
  readonly monitor: TemporalMonitor;
  readonly backlog: Pick<Backlog, 'isLong'>;
  readonly shardsBehind: Pick<ShardsBehind, 'areAnyBehind' | 'known'>;
  readonly starts: Starts;
  /** Where plain transfers wait to be moved in groups; absent if each has a workflow of its own. */
  readonly groups?: GroupLine | undefined;
  readonly notifiers?: MovementNotifiers | undefined;
  readonly counts?: MovementCounts | undefined;
  /** Aborts when the server stops, so that requests that wait are answered. */
  readonly draining: AbortSignal;
}

/** A movement that a request asks for. */
export interface Requested<Row> {
  readonly kind: MovementKind;
  /** How many movements it is: the items of a batch. Default: 1. */
  readonly count?: number;
  /** Whether a row that was just stored is no movement yet. */
  readonly isCountedLater?: (row: Row) => boolean;
  readonly database: Database;
  readonly workflowId: string;
  /** The limit for storing it, if it is more than one row; otherwise that of one database step. */
  readonly storeLimitMs?: number;
  /** SHA-256 in hex of the validated, normalized body. */
  readonly bodyHash: string;
  /** The wallet shards that it moves money in. */
  readonly shards: readonly number[];
  readonly find: () => Promise<Row | undefined>;
  /** The faults for which it is refused, unless its key names something already: see only-if-new.ts. */
  readonly faultsIfNew?: readonly Fault[];
  /** Stores it in its first status and returns its row; undefined if its key was used before. */
  readonly store: () => Promise<Row | undefined>;
  /** Stores it as `store` does, in its turn, and starts it if it is moved in a group; absent if it is never grouped. */
  readonly enterLine?: (() => Promise<InLine<Row> | undefined>) | undefined;
  readonly start: (row: Row) => Promise<void>;
  /** Tells of its end where its workflow runs in this process; elsewhere Temporal is asked. */
  readonly notifier?: Pick<MovementNotifier<Row>, 'next'> | undefined;
  /** Whether a client need not wait any longer: it has ended, or waits for a person. */
  readonly isWaitOver: (row: Row) => boolean;
}

export interface Accepted<Row> {
  readonly row: Row;
  /** 200 if the client waited and the row `isWaitOver`, otherwise 202. */
  readonly status: 200 | 202;
}

/** The longest wait for the start of a workflow, unless the client prefers a shorter one. */
export const START_LIMIT_MS = 1_500;
/** The limit for everything before the answer, so that it comes within two seconds even if each part is slow. */
const ANSWER_LIMIT_MS = 1_800;

/** Less than a step may take, so that the limit above holds if the database does not answer. */
const BEHIND_LIMIT_MS = 300;

/** Throws a ProblemError only if nothing was stored, if that is unknown, or if the key was used with another body. */
export async function acceptMovement<Row extends { readonly bodyHash: string }>(
  c: Context<ApiEnv>,
  deps: AcceptanceDeps,
  requested: Requested<Row>,
): Promise<Accepted<Row>> {
  const { client, monitor, starts, draining } = deps;
  const receivedAt = performance.now();
  if (requested.count !== undefined) c.var.charge(requested.count - 1);
  const waitSeconds = waitPreference(c.req.header('prefer'));
  const { row, isNew, group } = await acceptOnce(c, deps, requested);
  if (isNew && requested.isCountedLater?.(row) !== true) deps.counts?.accepted(requested.kind, requested.count ?? 1);
  const answered = new AbortController();
  // Listens from before the start, because the reply to the start may come later than the movement's end.
  const heard =
    waitSeconds === undefined
      ? undefined
      : requested.notifier?.next(requested.workflowId, requested.isWaitOver, answered.signal);
  try {
    return await startAndWait();
  } finally {
    answered.abort('answered');
  }

  async function startAndWait(): Promise<Accepted<Row>> {
    c.var.log.setBindings({ workflow_id: group?.workflowId ?? requested.workflowId });

    if (isNew) {
      const untilAnswerMs = ANSWER_LIMIT_MS - (performance.now() - receivedAt);
      const limitMs = Math.min(START_LIMIT_MS, untilAnswerMs);
      const started =
        group === undefined
          ? starts.start(() => requested.start(row), limitMs, c.var.log)
          : within(limitMs, group.started).then((outcome) => void (outcome === LATE && monitor.suspect()));
      // A client that prefers a shorter wait is answered by then; only a miss of the limit above says anything about Temporal.
      await (waitSeconds === undefined ? started : within(waitSeconds * 1_000, started));
    }
    if (waitSeconds === undefined) return { row, status: 202 };

    if (!requested.isWaitOver(row) && (draining.aborted || !c.var.slot.becomeWaiter())) return { row, status: 202 };
    const latest = await waitForRow({
      row,
      isWaitOver: requested.isWaitOver,
      look: requested.find,
      untilNews: (signal) => heard ?? news(signal),
      limitMs: waitSeconds * 1_000 - (performance.now() - receivedAt),
      signal: AbortSignal.any([c.req.raw.signal, draining]),
      // A repeat may have been stored, and its end told, before anybody listened.
      ...(heard === undefined || !isNew ? {} : { firstLookMs: FIRST_LOOK_MS_WHERE_HEARD }),
    });
    if (!draining.aborted || requested.isWaitOver(latest)) c.header('Preference-Applied', `wait=${waitSeconds}`);
    return { row: latest, status: requested.isWaitOver(latest) ? 200 : 202 };
  }

  /** One that its group has not brought to its end has a workflow of its own by then. */
  async function news(signal: AbortSignal): Promise<Row | void> {
    const ended = await group?.ended();
    if (ended !== undefined && requested.isWaitOver(ended)) return ended;
    await workflowEnd(client, requested.workflowId, signal);
  }
}

/**
 * Returns the row that the key names, and whether this request stored it; a repeat gets the header Idempotent-Replayed. Throws a
 * ProblemError if the key was used with another body. If nothing is stored under the key yet, it also throws for `faultsIfNew`, and
 * while Temporal is known to be down, a shard to be behind, or the workers to be far behind.
 */
export async function acceptOnce<Row extends { readonly bodyHash: string }>(
  c: Context<ApiEnv>,
  deps: Pick<AcceptanceDeps, 'monitor' | 'backlog' | 'shardsBehind'>,
  requested: Pick<
    Requested<Row>,
    'database' | 'bodyHash' | 'shards' | 'find' | 'faultsIfNew' | 'store' | 'storeLimitMs' | 'enterLine'
  >,
): Promise<Stored<Row>> {
  const stored = await storeOnce(deps, requested);
  if (stored.isNew) return stored;
  if (stored.row.bodyHash !== requested.bodyHash)
    throw new ProblemError('idempotency_key_reused', {
      detail: 'The key was used with another body, and what it names has not been changed.',
    });
  c.header('Idempotent-Replayed', 'true');
  return stored;
}

/** The row, and whether this request stored it: alone, or in a group. */
interface Stored<Row> extends InLine<Row> {
  readonly isNew: boolean;
}

/** Returns the row and whether this request stored it. A request that races it waits for its database transaction. */
async function storeOnce<Row>(
  deps: Pick<AcceptanceDeps, 'monitor' | 'backlog' | 'shardsBehind'>,
  requested: Pick<
    Requested<Row>,
    'database' | 'shards' | 'find' | 'faultsIfNew' | 'store' | 'storeLimitMs' | 'enterLine'
  >,
): Promise<Stored<Row>> {
  const { database, shards, find, faultsIfNew = [], enterLine } = requested;
  const { monitor, backlog, shardsBehind } = deps;
  if (enterLine === undefined || faultsIfNew.length > 0 || monitor.isDown() || backlog.isLong())
    return storeAlone(deps, requested);
  // Known already, unless this process has just begun: no connection is waited for, as the line waits for one itself.
  const areAnyBehind = within(BEHIND_LIMIT_MS, shardsBehind.areAnyBehind(shards)).catch(() => LATE);
  if ((await areAnyBehind) !== false) return storeAlone(deps, requested);
  const stored = await enterLine();
  if (stored !== undefined) return { ...stored, isNew: true };
  return { row: await boundedQuery(database, () => known(find)), isNew: false };
}

/** Reads a row that is known to be there. */
async function known<Row>(find: () => Promise<Row | undefined>): Promise<Row> {
  const row = await find();
  if (row === undefined) throw new Error('a movement whose key is taken is not there');
  return row;
}

async function storeAlone<Row>(
  { monitor, backlog, shardsBehind }: Pick<AcceptanceDeps, 'monitor' | 'backlog' | 'shardsBehind'>,
  {
    database,
    shards,
    find,
    faultsIfNew: [fault, ...faults] = [],
    store,
    storeLimitMs,
  }: Pick<Requested<Row>, 'database' | 'shards' | 'find' | 'faultsIfNew' | 'store' | 'storeLimitMs'>,
): Promise<Stored<Row>> {
  return boundedQuery(
    database,
    async () => {
      if (fault !== undefined) {
        const stored = await find();
        if (stored !== undefined) return { row: stored, isNew: false };
        throw faultyRequest([fault, ...faults]);
      }
      const isDown = monitor.isDown();
      const isBehind = !isDown && (await shardsBehind.areAnyBehind(shards));
      if (isDown || isBehind || backlog.isLong()) {
        // A movement that is stored is answered all the same; a new one must not be stored now.
        const stored = await find();
        if (stored !== undefined) return { row: stored, isNew: false };
        if (!isDown && !isBehind) throw overloaded('backlog');
        throw new ProblemError(isDown ? 'temporal_unavailable' : 'wallet_shard_behind', {
          detail: 'Nothing was stored. Try again, with the same Idempotency-Key.',
        });
      }
      const stored = await store().catch((error: unknown) => {
        throw demandsApproval(error) ? new ProblemError('approval_required', { cause: error }) : error;
      });
      if (stored !== undefined) return { row: stored, isNew: true };
      return { row: await known(find), isNew: false };
    },
    { isWrite: !monitor.isDown(), ...(storeLimitMs === undefined ? {} : { limitMs: storeLimitMs }) },
  );
}

/** Resolves when the workflow has completed; rejects if it ended otherwise or does not exist. */
async function workflowEnd(client: Client, workflowId: string, signal: AbortSignal): Promise<void> {
  await client.connection.withAbortSignal(signal, () => client.workflow.getHandle(workflowId).result());
}
