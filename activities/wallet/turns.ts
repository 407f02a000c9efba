/**
 * Turns at what operations lock, so that those who wait for one lock never fill the pool of connections that all wallets
 * of a shard share: a few are in the database at once, the others wait here in the order in which they came. Whoever waits
 * where nothing gets done any more is given back to Temporal, to be asked for again; nothing was begun of it.
 */
import type { Database } from '../../db/database.ts';
import { WalletBusy } from '../../domain/wallet/wallet-busy.ts';

export interface TurnLimits {
  /** In the database. Two keep the lock in use while one of them is on its way to or from there. */
  readonly atOnceMax: number;
  /** Without any operation's success, until all that wait are given back, and those that come then, too. */
  readonly patienceMs: number;
}

export interface Turns {
  /** Runs an operation once there is a turn at what `key` names. Throws WalletBusy if there is none. */
  readonly at: <T>(key: string, operation: () => Promise<T>) => Promise<T>;
  /** Throws WalletBusy if operations are in the database there, none of which has succeeded for the limits' patience. */
  readonly assertMoves: (key: string) => void;
}

const OPERATION: TurnLimits = { atOnceMax: 2, patienceMs: 500 };
/**
 * Those that are given back come again one after the other, so that a crowd at one wallet does not fill the task queues
 * either. One alone waits for less than a workflow's own retries would at most.
 */
const RETRY_MS = { apart: 50, min: 1_000, max: 10_000 };

interface Line {
  running: number;
  /** Of the last success, or of the first operation of the line. */
  movedAt: number;
  /** When the last of those that were given back comes again. */
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

  /** Gives back all that wait, unless something has got done meanwhile. */
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
      if (line.running === 0) line.movedAt = performance.now();
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
    // The turn goes on to the next, with which the number of those that run stays.
    if (next !== undefined) return next.resolve();
    line.running -= 1;
    if (line.running === 0) forget(key, line);
  };

  /** Once nobody is to come again; whoever comes before that finds the line as it was. */
  const forget = (key: string, line: Line): void => {
    clearTimeout(line.timer);
    line.timer = undefined;
    const untilRetryMs = line.retryAt - performance.now();
    if (untilRetryMs <= 0) lines.delete(key);
    else
      line.timer = setTimeout(() => {
        line.timer = undefined;
        if (line.running === 0) lines.delete(key);
      }, untilRetryMs).unref();
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

function lineOf(): Line {
  return { running: 0, movedAt: 0, retryAt: 0, waiting: [], timer: undefined };
}

/** The turns of each shard's database: of single operations by wallet, and of batches. */
export interface ShardTurns {
  readonly single: Turns;
  readonly batch: Turns;
}

/** A batch's operation may take as long as the server lets a statement. */
const BATCH: TurnLimits = { atOnceMax: 3, patienceMs: 4_000 };

export function createShardTurns(): (shard: Database) => ShardTurns {
  const turns = new WeakMap<Database, ShardTurns>();
  return (shard) => {
    const own = turns.get(shard) ?? { single: createTurns(), batch: createTurns(BATCH) };
    turns.set(shard, own);
    return own;
  };
}
