/**
 * The line in which plain transfers wait to be accepted and moved in groups. While a group is under way, those that arrive wait;
 * when it has ended, they are the next group. A transfer that finds nobody before it is accepted alone, at once, and has a workflow
 * of its own: a group saves work only where there is much of it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Database } from '../../db/database.ts';
import { acceptTransfer } from '../../db/transfer/acceptance.ts';
import { acceptGroup, findTransfers, type PlainTransfer } from '../../db/transfer/group-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { GroupId, TransferId } from '../../domain/ids.ts';
import { within } from '../../process/deadline.ts';
import type { Logger } from '../../process/telemetry.ts';
import type { TemporalMonitor } from '../../temporal/health.ts';
import { groupEnd, startGroup } from '../../temporal/transfer/start-group.ts';
import type { MovementStarter } from '../../temporal/transfer/start-movement.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { ProblemError } from '../http/problem.ts';

export interface GroupLine {
  /**
   * Accepts the transfer, in a group or alone; undefined if its id is taken. Throws as `boundedQuery` does. Calls for the same
   * transfer at once take turns.
   */
  readonly accept: (asked: PlainTransfer) => Promise<InLine<Transfer> | undefined>;
}

/** A movement that came by the line. */
export interface InLine<Row> {
  readonly row: Row;
  /** Undefined if it was accepted alone, so that its workflow is still to be started. */
  readonly group?: {
    /** Resolves when the group's workflow is started; never rejects. */
    readonly started: Promise<void>;
    /** Resolves when the group has ended, with the row as it is then, if that could be read. */
    readonly ended: () => Promise<Row | undefined>;
  };
}

export interface GroupLineDeps {
  readonly database: Database;
  readonly client: Client;
  readonly starter: MovementStarter;
  readonly monitor: Pick<TemporalMonitor, 'suspect'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Of transfers in one group. */
  readonly groupMax: number;
  /** Aborts when the server stops. */
  readonly draining: AbortSignal;
}

/** References and metadata of one group, so that its statement stays small. */
const CHARACTERS_MAX = 1_000_000;
/** After a group, for those whose requests its end has brought about: without it, groups of one alternate with large ones. */
const LINGER_MS = 3;
/** A group that takes longer is not waited for by those in line: the next group starts beside it. */
const PATIENCE_MS = 1_000;
/** Within this, the end of a group is waited for. */
const END_LIMIT_MS = 60_000;

interface Waiting {
  readonly asked: PlainTransfer;
  readonly answer: PromiseWithResolvers<InLine<Transfer> | undefined>;
}

export function createGroupLine({
  database,
  client,
  starter,
  monitor,
  log,
  groupMax,
  draining,
}: GroupLineDeps): GroupLine {
  const line: Waiting[] = [];
  const present = new Map<TransferId, Promise<unknown>>();
  let isWorking = false;

  return {
    async accept(asked) {
      const { transferId } = asked.terms;
      for (let same = present.get(transferId); same !== undefined; same = present.get(transferId))
        await same.catch(() => {});
      const answer = Promise.withResolvers<InLine<Transfer> | undefined>();
      present.set(transferId, answer.promise);
      line.push({ asked, answer });
      if (!isWorking) void work();
      try {
        return await answer.promise;
      } finally {
        present.delete(transferId);
      }
    },
  };

  async function work(): Promise<void> {
    isWorking = true;
    while (line.length > 0) {
      const next = takeGroup();
      if (next.length === 1) {
        await acceptAlone(next[0]!);
        continue;
      }
      await within(PATIENCE_MS, acceptTogether(next));
      await sleep(LINGER_MS);
    }
    isWorking = false;
  }

  /** Takes the first ones out of the line, as many as one group may have. */
  function takeGroup(): Waiting[] {
    let characters = 0;
    let count = 0;
    while (count < Math.min(line.length, groupMax)) {
      characters += charactersOf(line[count]!.asked);
      if (count > 0 && characters > CHARACTERS_MAX) break;
      count += 1;
    }
    return line.splice(0, count);
  }

  /** Never rejects. */
  async function acceptAlone({ asked: { terms, acceptance, trace }, answer }: Waiting): Promise<void> {
    try {
      const row = await boundedQuery(database, () => acceptTransfer(database, terms, acceptance, trace), {
        isWrite: true,
      });
      answer.resolve(row && { row });
    } catch (error) {
      answer.reject(error as Error);
    }
  }

  /** Accepts a group, starts its workflow, and resolves when that has ended. Never rejects. */
  async function acceptTogether(group: readonly Waiting[]): Promise<void> {
    const groupId = randomUUID() as GroupId;
    const rows = new Map<TransferId, Transfer>();
    try {
      const accepted = await boundedQuery(
        database,
        () =>
          acceptGroup(
            database,
            groupId,
            group.map(({ asked }) => asked),
          ),
        { isWrite: true },
      );
      for (const row of accepted) rows.set(row.transferId, row);
    } catch (error) {
      if (error instanceof ProblemError) for (const { answer } of group) answer.reject(error);
      else {
        log.warn({ err: error }, 'a group could not be accepted: each of its transfers is accepted alone');
        await Promise.all(group.map(acceptAlone));
      }
      return;
    }

    const transferIds = group.map(({ asked }) => asked.terms.transferId).filter((id) => rows.has(id));
    const started = transferIds.length === 0 ? Promise.resolve() : startWorkflow(groupId, transferIds);
    const signal = AbortSignal.any([draining, AbortSignal.timeout(END_LIMIT_MS)]);
    const end = started.then(() => groupEnd(client, groupId, signal)).catch(() => {});
    let read: Promise<Map<TransferId, Transfer>> | undefined;
    const ended = async (id: TransferId): Promise<Transfer | undefined> => {
      await end;
      // One read for all who wait for one of the group.
      read ??= boundedQuery(database, () => findTransfers(database, transferIds)).then(
        (found) => new Map(found.map((row) => [row.transferId, row])),
      );
      return (await read).get(id);
    };
    for (const { asked, answer } of group) {
      const row = rows.get(asked.terms.transferId);
      answer.resolve(row && { row, group: { started, ended: () => ended(row.transferId) } });
    }
    if (transferIds.length > 0) await end;
  }

  async function startWorkflow(groupId: GroupId, transferIds: readonly TransferId[]): Promise<void> {
    try {
      await startGroup(starter, groupId, transferIds);
    } catch (error) {
      monitor.suspect();
      log.warn({ err: error, group_id: groupId }, 'a group could not be started now: the sweep starts its transfers');
    }
  }
}

function charactersOf({ acceptance: { reference = '', metadata = {} } }: PlainTransfer): number {
  return Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + value.length, reference.length);
}
