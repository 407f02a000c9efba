/**
 * Turns at the locks that operations take, so that operations which wait for one lock never fill the pool of connections that all
 * wallets of a shard share: a few are in the database at once, the others wait here in the order in which they came. Where no
 * operation succeeds any more, those that wait are given back to Temporal, which asks again later; nothing was begun of them.
 */
import type { Database } from '../../db/database.ts';
import { WalletBusy } from '../../domain/wallet/wallet-busy.ts';

export interface TurnLimits {
  /** How many operations are in the database at once. With two, the lock stays in use while one is on its way to or from there. */
  readonly atOnceMax: number;
  /** How long the line waits without a success: then all that wait are given back, and those that come later at once. */
  readonly patienceMs: number;
}

export interface Turns {
  /** Runs an operation once it has a turn at `key`. Throws WalletBusy if no turn comes. */
  readonly at: <T>(key: string, operation: () => Promise<T>) => Promise<T>;
  /** Throws WalletBusy if operations at `key` are in the database, none of which has succeeded for `patienceMs`. */
  readonly assertMoves: (key: string) => void;
}

const OPERATION: TurnLimits = { atOnceMax: 2, patienceMs: 500 };
/**
 * The delays of operations that are given back: they come again one after the other, so that a crowd at one wallet does not fill
 * the task queues either. A single one waits for less than the longest pause of a workflow's own retries.
 */
const RETRY_MS = { apart: 50, min: 1_000, max: 10_000 };

interface Line {
  running: number;
  /** When an operation last succeeded, or the first operation of the line began. */
  movedAt: number;
  /** When the last of the operations that were given back comes again. */
  retryAt: number;
  readonly waiting: PromiseWithResolvers<void>[];
  timer: NodeJS.Timeout | undefined;
}

export function createTurns({ atOnceMax, patienceMs }: TurnLimits = OPERATION): Turns {
  const lines = new Map<string, Line>();
  const untilStuckMs = (line: Line): number => line.movedAt + patienceMs - performance.now();

  const busy = (key: string, line: Line): WalletBusy => {
    const now = performance.now();
    line.retryAt = Math.min(Math.max(now + RETRY_MS.min, line.retryAt + RETRY_MS.apart), now + RETRY_MS.max);
    return new WalletBusy(key, Math.round(line.retryAt - now));
  };

  /** Gives back all operations that wait, unless one has succeeded meanwhile. */
  const watch = (key: string, line: Line): void => {
    line.timer ??= setTimeout(
      () => {
        line.timer = undefined;
        if (line.waiting.length === 0) return;
        if (untilStuckMs(line) > 0) return watch(key, line);
        for (const { reject } of line.waiting.splice(0)) reject(busy(key, line));
      },
      Math.max(0, untilStuckMs(line)),
    );
  };

  const enter = async (key: string, line: Line): Promise<void> => {
    if (line.running < atOnceMax) {
      if (line.running === 0) {
        line.movedAt = performance.now();
        // That of an earlier crowd would keep this one from being watched.
        unwatch(line);
      }
      line.running += 1;
      return;
    }
    if (untilStuckMs(line) <= 0) throw busy(key, line);
    const own = Promise.withResolvers<void>();
    line.waiting.push(own);
    watch(key, line);
    await own.promise;
  };

  const leave = (key: string, line: Line): void => {
    const next = line.waiting.shift();
    // The turn passes to the next operation, so the number of those that run stays the same.
    if (next !== undefined) return next.resolve();
    line.running -= 1;
    if (line.running === 0) forget(lines, key, line);
  };

  return {
    async at(key, operation) {
      const line = lines.get(key) ?? lineOf();
      lines.set(key, line);
      await enter(key, line);
      try {
        const answer = await operation();
        line.movedAt = performance.now();
        return answer;
      } finally {
        leave(key, line);
      }
    },
    assertMoves(key) {
      const line = lines.get(key);
      if (line !== undefined && line.running > 0 && untilStuckMs(line) <= 0) throw busy(key, line);
    },
  };
}

/** Forgets the line once no operation is to come again; one that comes before that finds the line as it was. */
function forget(lines: Map<string, Line>, key: string, line: Line): void {
  unwatch(line);
  const untilRetryMs = line.retryAt - performance.now();
  if (untilRetryMs <= 0) lines.delete(key);
  else
    line.timer = setTimeout(() => {
      line.timer = undefined;
      if (line.running === 0) lines.delete(key);
    }, untilRetryMs).unref();
}

function unwatch(line: Line): void {
  clearTimeout(line.timer);
  line.timer = undefined;
}

function lineOf(): Line {
  return { running: 0, movedAt: 0, retryAt: 0, waiting: [], timer: undefined };
}

/** The turns of one shard's database: of single operations, by wallet, and of batches. */
export interface ShardTurns {
  readonly single: Turns;
  readonly batch: Turns;
}

/** A batch's operation may take as long as the server lets a statement run. */
const BATCH: TurnLimits = { atOnceMax: 3, patienceMs: 4_000 };

export function createShardTurns(): (shard: Database) => ShardTurns {
  const turns = new WeakMap<Database, ShardTurns>();
  return (shard) => {
    const own = turns.get(shard) ?? { single: createTurns(), batch: createTurns(BATCH) };
    turns.set(shard, own);
    return own;
  };
}
