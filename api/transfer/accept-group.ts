/**
 * The acceptance of transfers that come by the line (group-line.ts): of one alone, or of a group, whose workflow is started here and
 * waited for.
 */
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { acceptGroup, findTransfers, type PlainTransfer } from '../../db/transfer/group-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { LATE, within } from '../../process/deadline.ts';
import type { Logger } from '../../process/telemetry.ts';
import { traced } from '../../process/traces.ts';
import type { TemporalMonitor } from '../../temporal/health.ts';
import { groupEnd, startGroup } from '../../temporal/transfer/start-group.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';
import { groupWorkflowId } from '../../workflows/transfer/messages.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { ProblemError } from '../http/problem.ts';

export interface GroupDeps {
  readonly database: Database;
  readonly client: Client;
  readonly starter: MovementStarter;
  readonly monitor: Pick<TemporalMonitor, 'suspect'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Aborts when the server stops. */
  readonly draining: AbortSignal;
}

/** A movement that came by the line. */
export interface InLine<Row> {
  readonly row: Row;
  /** Undefined if it was accepted alone, so that its workflow is still to be started. */
  readonly group?: {
    readonly workflowId: string;
    /** Resolves when the group's workflow is started; never rejects. */
    readonly started: Promise<void>;
    /** Resolves when the group has ended, with the row as it is then, if that could be read. */
    readonly ended: () => Promise<Row | undefined>;
  };
}

/** A transfer in the line, and the promise of its acceptance; undefined if its id is taken. */
export interface Waiting {
  readonly asked: PlainTransfer;
  readonly answer: PromiseWithResolvers<InLine<Transfer> | undefined>;
  /** By performance.now(). */
  readonly sinceMs: number;
}

const START_LIMIT_MS = 10_000;
/** Within this, the end of a group is waited for. */
const END_LIMIT_MS = 60_000;

/** Settles the answer; never rejects. */
export async function acceptAlone(
  database: Database,
  { asked: { terms, acceptance, trace }, answer }: Waiting,
): Promise<void> {
  try {
    // By name, for the line is worked off by whichever request came first.
    const row = await traced({ name: 'accept in line', kind: 'internal', place: { within: trace } }, () =>
      boundedQuery(database, () => acceptTransfer(database, terms, acceptance, trace), { isWrite: true }),
    );
    answer.resolve(row && { row });
  } catch (error) {
    answer.reject(error);
  }
}

/** The acceptance of some that were in line. Neither promise rejects. */
export interface UnderWay {
  /** Resolves when it is known whether they are stored; all their answers are settled then. */
  readonly accepted: Promise<void>;
  /** Resolves when their group has ended, too. */
  readonly ended: Promise<void>;
}

/** Accepts a group, starts its workflow, and waits for its end. Settles all answers. */
export function acceptTogether(deps: GroupDeps, group: readonly Waiting[]): UnderWay {
  const groupId = crypto.randomUUID() as GroupId;
  const span = {
    name: 'accept group',
    kind: 'internal',
    attributes: { 'counterpoise.group_size': group.length },
    place: { workflow: groupWorkflowId(groupId) },
    links: group.map(({ asked }) => asked.trace),
  } as const;
  const stored = traced(span, async () => {
    const rows = await storeTogether(deps, groupId, group);
    return rows && runTogether(deps, { groupId, group, rows });
  });
  return { accepted: stored.then(() => {}), ended: stored.then((running) => running?.end) };
}

/** Returns the rows that were stored; undefined if the group was not, and its answers are settled. */
async function storeTogether(
  { database, log }: GroupDeps,
  groupId: GroupId,
  group: readonly Waiting[],
): Promise<ReadonlyMap<TransferId, Transfer> | undefined> {
  try {
    const asked = group.map((each) => each.asked);
    return byId(await boundedQuery(database, () => acceptGroup(database, groupId, asked), { isWrite: true }));
  } catch (error) {
    if (error instanceof ProblemError) for (const { answer } of group) answer.reject(error);
    else {
      log.warn({ err: error }, 'a group could not be accepted: each of its transfers is accepted alone');
      await Promise.all(group.map((each) => acceptAlone(database, each)));
    }
    return undefined;
  }
}

/** Starts the workflow of those that were stored, and settles all answers. */
function runTogether(
  deps: GroupDeps,
  { groupId, group, rows }: { groupId: GroupId; group: readonly Waiting[]; rows: ReadonlyMap<TransferId, Transfer> },
): { readonly end: Promise<void> } {
  const { database } = deps;
  // In the order of the line, for limits and balances are judged in it.
  const transferIds = group.map(({ asked }) => asked.terms.transferId).filter((id) => rows.has(id));
  const workflowId = groupWorkflowId(groupId);
  const { started, end } = startTogether(deps, groupId, transferIds);
  let read: Promise<ReadonlyMap<TransferId, Transfer> | undefined> | undefined;
  const ended = async (id: TransferId): Promise<Transfer | undefined> => {
    await end;
    // One read for all who wait for one of the group.
    read ??= boundedQuery(database, () => findTransfers(database, transferIds)).then(byId, () => undefined);
    return (await read)?.get(id);
  };
  for (const { asked, answer } of group) {
    const row = rows.get(asked.terms.transferId);
    if (row === undefined) {
      answer.resolve(undefined);
      continue;
    }
    // In the request's own trace; it leads to that of the group.
    const span = { name: 'start in a group', kind: 'internal', place: { within: asked.trace } } as const;
    const known = traced({ ...span, leadsTo: workflowId }, () => started);
    answer.resolve({ row, group: { workflowId, started: known, ended: () => ended(row.transferId) } });
  }
  return { end };
}

/** Starts the workflow of a group; neither promise rejects. */
function startTogether(
  { client, starter, monitor, log, draining }: GroupDeps,
  groupId: GroupId,
  transferIds: readonly TransferId[],
): { started: Promise<void>; end: Promise<void> } {
  if (transferIds.length === 0) return { started: Promise.resolve(), end: Promise.resolve() };
  // Not every connection can give up a call, so the start has a limit of its own; one that lands after it does no harm.
  const starting = within(START_LIMIT_MS, startGroup(starter, groupId, transferIds)).then((outcome) => {
    if (outcome === LATE) throw new Error(`not answered within ${START_LIMIT_MS} ms`);
  });
  const signal = AbortSignal.any([draining, AbortSignal.timeout(END_LIMIT_MS)]);
  const started = starting.catch((error: unknown) => {
    monitor.suspect();
    log.warn({ err: error, group_id: groupId }, 'a group could not be started now: the sweep starts its transfers');
  });
  return { started, end: starting.then(() => groupEnd(client, groupId, signal)).catch(() => {}) };
}

function byId(rows: readonly Transfer[]): Map<TransferId, Transfer> {
  return new Map(rows.map((row) => [row.transferId, row]));
}
