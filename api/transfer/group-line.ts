/**
 * The line in which plain transfers wait to be accepted and moved in groups. While a group is under way, those that arrive wait;
 * when it has ended, they are the next group. A transfer that finds nobody before it is accepted alone, at once, and has a workflow
 * of its own: a group saves work only where there is much of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlainTransfer } from '../../db/transfer/group-queries.ts';
import type { Transfer } from '../../db/transfer/queries.ts';
import type { TransferId } from '../../domain/ids.ts';
import { LATE, within } from '../../process/deadline.ts';
import {
  acceptAlone,
  acceptTogether,
  type GroupDeps,
  type InLine,
  type UnderWay,
  type Waiting,
} from './accept-group.ts';

export interface GroupLine {
  /**
   * Accepts the transfer, in a group or alone; undefined if its id is taken. Throws as `boundedQuery` does. Of calls for the same
   * transfer at once one is in the line, and the others learn from it that the id is taken.
   */
  readonly accept: (asked: PlainTransfer) => Promise<InLine<Transfer> | undefined>;
}

export interface GroupLineDeps extends GroupDeps {
  /** Of transfers in one group. */
  readonly groupMax: number;
}

/** References and metadata of one group, so that its statement stays small. */
const CHARACTERS_MAX = 1_000_000;
/** After a group, for those whose requests its end has brought about: without it, groups of one alternate with large ones. */
const LINGER_MS = 3;
/** An acceptance takes some ten milliseconds: one that takes so long is not waited for by those in line, who have a limit of their own. */
const ACCEPTED_WITHIN_MS = 400;
/**
 * A group that takes longer is not waited for by those in line: all of them are accepted beside it. Nor is anybody kept in line for
 * longer, however many groups are before.
 */
const PATIENCE_MS = 1_000;

export function createGroupLine(deps: GroupLineDeps): GroupLine {
  const { database, groupMax } = deps;
  const line: Waiting[] = [];
  const present = new Map<TransferId, Promise<unknown>>();
  let isWorking = false;

  return {
    async accept(asked) {
      const { transferId } = asked.terms;
      for (let same = present.get(transferId); same !== undefined; same = present.get(transferId)) {
        const isTaken = await same.then(
          () => true,
          () => false,
        );
        if (isTaken) return undefined;
      }
      const answer = Promise.withResolvers<InLine<Transfer> | undefined>();
      present.set(transferId, answer.promise);
      line.push({ asked, answer, sinceMs: performance.now() });
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
      const isAlone = line.length === 1;
      if (await isLate(acceptNext())) {
        // Something is ill. To wait for each group in turn would take the last ones far longer than any of them may take.
        while (line.length > 0) acceptNext();
      } else if (!isAlone) await sleep(LINGER_MS);
    }
    isWorking = false;
  }

  function acceptNext(): UnderWay {
    const next = takeGroup(line, groupMax);
    if (next.length > 1) return acceptTogether(deps, next);
    const accepted = acceptAlone(database, next[0]!);
    return { accepted, ended: accepted };
  }

  async function isLate({ accepted, ended }: UnderWay): Promise<boolean> {
    return (
      (await within(Math.min(ACCEPTED_WITHIN_MS, untilTooLong()), accepted)) === LATE ||
      (await within(untilTooLong(), ended)) === LATE
    );
  }

  /** The milliseconds until the first in line has waited for long enough. */
  function untilTooLong(): number {
    const waitedMs = performance.now() - (line[0]?.sinceMs ?? performance.now());
    return Math.max(PATIENCE_MS - waitedMs, 0);
  }
}

/** Takes the first ones out of the line, as many as one group may have. */
function takeGroup(line: Waiting[], groupMax: number): Waiting[] {
  let characters = 0;
  let count = 0;
  while (count < Math.min(line.length, groupMax)) {
    characters += charactersOf(line[count]!.asked);
    if (count > 0 && characters > CHARACTERS_MAX) break;
    count += 1;
  }
  return line.splice(0, count);
}

function charactersOf({ acceptance: { reference = '', metadata = {} } }: PlainTransfer): number {
  return Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + value.length, reference.length);
}
