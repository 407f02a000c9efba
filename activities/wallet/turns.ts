/**
 * Turns at the locks that operations take, so that operations which wait for one lock never fill the pool of connections that all
 * wallets of a shard share: a few are in the database at once, the others wait here in the order in which they came. Where no
 * operation succeeds any more, those that wait are given back to Temporal, which asks again later; nothing was begun of them.
 */
import type { Database } from '../../db/database.ts';
import { faultOf } from '../../domain/fault.ts';
import type { OfTenant } from '../../domain/tenant.ts';
import { WalletBusy } from '../../domain/wallet/wallet-busy.ts';

export interface TurnLimits {
  /** How many operations are in the database at once. With two, the lock stays in use while one is on its way to or from there. */
  readonly atOnceMax: number;
  /** How long the line waits without a success: then all that wait are given back, and those that come later at once. */
  readonly patienceMs: number;
  /**
   * How long an operation waits in a line that moves: then it is given back, so that few run after their activity was given up. With
   * the time that the server lets a statement run, less than an ordinary activity may take.
   */
  readonly waitMaxMs: number;
}

export interface Turns {
  /**
   * Runs an operation once it has a turn at each of `keys`, which are taken in their order. Throws WalletBusy if a turn does not come;
   * the operation is then never run.
   */
  readonly at: <T>(keys: readonly string[], operation: () => Promise<T>) => Promise<T>;
  /** Whether operations at `key` are in the database, none of which has succeeded for `patienceMs`. */
  readonly isStuck: (key: string, patienceMs: number) => boolean;
  /** Throws WalletBusy if operations at `key` are in the database, none of which has succeeded for `patienceMs`. */
  readonly assertMoves: (key: string, patienceMs: number) => void;
}

const OPERATION: TurnLimits = { atOnceMax: 2, patienceMs: 500, waitMaxMs: 4_000 };
/**
 * The delays of operations that are given back: they come again one after the other, so that a crowd at one wallet does not fill
 * the task queues either. A single one waits for less than the longest pause of a workflow's own retries.
 */
const RETRY_MS = { apart: 50, min: 1_000, max: 10_000 };

interface Line {
  /** How many have a turn. */
  taken: number;
  /** How many of them are in the database; the others wait for a turn at another key. */
  running: number;
  /** When an operation last succeeded, or the first of the line began; later by as long as none was in the database. */
  movedAt: number;
  /** Since when none is in the database, if none is. */
  idleAt: number;
  /** The message of the last error since a success. */
  lastError: string | undefined;
  /** When the last of the operations that were given back comes again. */
  retryAt: number;
  waiting: Waiting[];
  timer: NodeJS.Timeout | undefined;
}

interface Waiting extends PromiseWithResolvers<void> {
  readonly sinceMs: number;
}

export function createTurns({ atOnceMax, patienceMs, waitMaxMs }: TurnLimits = OPERATION): Turns {
  const lines = new Map<string, Line>();

  /** Gives back those that have waited for too long, or all where nothing gets done; and looks again when that may be next. */
  const watch = (key: string, line: Line): void => {
    unwatch(line);
    const { waiting } = line;
    line.waiting = [];
    for (const each of waiting)
      if (untilStuckMs(line, patienceMs) <= 0) each.reject(busy(line, stuck(key, line)));
      else if (each.sinceMs + waitMaxMs <= performance.now()) each.reject(busy(line, crowded(key, each)));
      else line.waiting.push(each);
    if (line.waiting.length === 0) return;
    const firstSinceMs = Math.min(...line.waiting.map(({ sinceMs }) => sinceMs));
    const untilLateMs = firstSinceMs + waitMaxMs - performance.now();
    line.timer = setTimeout(() => watch(key, line), Math.max(1, Math.min(untilLateMs, untilStuckMs(line, patienceMs))));
  };

  const enter = async (key: string, sinceMs: number): Promise<Line> => {
    const line = lines.get(key) ?? lineOf();
    lines.set(key, line);
    if (line.taken < atOnceMax) {
      if (line.taken === 0) line.movedAt = line.idleAt = performance.now();
      line.taken += 1;
      return line;
    }
    if (untilStuckMs(line, patienceMs) <= 0) throw busy(line, stuck(key, line));
    const own = { ...Promise.withResolvers<void>(), sinceMs };
    line.waiting.push(own);
    watch(key, line);
    await own.promise;
    return line;
  };

  const leave = (key: string, line: Line): void => {
    const next = line.waiting.shift();
    // The turn passes to the next operation, so the number of turns that are taken stays the same.
    if (next !== undefined) return next.resolve();
    line.taken -= 1;
    if (line.taken === 0) forget(lines, key, line);
  };

  return {
    async at(keys, operation) {
      const sinceMs = performance.now();
      const entered = new Map<string, Line>();
      try {
        for (const key of keys) entered.set(key, await enter(key, sinceMs));
        return await run(entered, watch, operation);
      } finally {
        for (const [key, line] of entered) leave(key, line);
      }
    },
    isStuck(key, patienceMs) {
      const line = lines.get(key);
      return line !== undefined && untilStuckMs(line, patienceMs) <= 0;
    },
    assertMoves(key, patienceMs) {
      const line = lines.get(key);
      if (line !== undefined && untilStuckMs(line, patienceMs) <= 0) throw busy(line, stuck(key, line));
    },
  };
}

/** Runs an operation that has all its turns. Where it is the only one that runs in a line, those that wait have patience from now on. */
async function run<T>(
  entered: ReadonlyMap<string, Line>,
  watch: (key: string, line: Line) => void,
  operation: () => Promise<T>,
): Promise<T> {
  for (const [key, line] of entered) {
    line.running += 1;
    if (line.running > 1) continue;
    line.movedAt += performance.now() - line.idleAt;
    watch(key, line);
  }
  try {
    const answer = await operation();
    for (const line of entered.values()) Object.assign(line, { movedAt: performance.now(), lastError: undefined });
    return answer;
  } catch (error) {
    for (const line of entered.values()) line.lastError = messageOf(error);
    throw error;
  } finally {
    for (const line of entered.values()) {
      line.running -= 1;
      line.idleAt = performance.now();
    }
  }
}

function busy(line: Line, why: string): WalletBusy {
  const now = performance.now();
  line.retryAt = Math.min(Math.max(now + RETRY_MS.min, line.retryAt + RETRY_MS.apart), now + RETRY_MS.max);
  return new WalletBusy(why, Math.round(line.retryAt - now));
}

/** Nothing is known of a line of which no operation is in the database. */
function untilStuckMs({ running, movedAt }: Line, patienceMs: number): number {
  return running === 0 ? Infinity : movedAt + patienceMs - performance.now();
}

function stuck(key: string, { movedAt, lastError }: Line): string {
  const last = lastError === undefined ? '' : `; the last error there: ${lastError}`;
  return `nothing has succeeded at ${key} for ${Math.round(performance.now() - movedAt)} ms${last}`;
}

function crowded(key: string, { sinceMs }: Waiting): string {
  return `others have been before this one at ${key} for ${Math.round(performance.now() - sinceMs)} ms`;
}

function messageOf(error: unknown): string {
  const fault = faultOf(error);
  return fault instanceof Error ? fault.message : String(fault);
}

/** Forgets the line once no operation is to come again; one that comes before that finds the line as it was. */
function forget(lines: Map<string, Line>, key: string, line: Line): void {
  unwatch(line);
  const untilRetryMs = line.retryAt - performance.now();
  if (untilRetryMs <= 0) lines.delete(key);
  else
    line.timer = setTimeout(() => {
      line.timer = undefined;
      if (line.taken === 0) lines.delete(key);
    }, untilRetryMs).unref();
}

function unwatch(line: Line): void {
  clearTimeout(line.timer);
  line.timer = undefined;
}

function lineOf(): Line {
  return {
    taken: 0,
    running: 0,
    movedAt: 0,
    idleAt: 0,
    lastError: undefined,
    retryAt: 0,
    waiting: [],
    timer: undefined,
  };
}

/**
 * The key of a tenant's line at a lock. What one tenant asks of another's wallet is refused without the wallet's lock: so it waits
 * for nobody there, nobody waits for it, and it learns nothing of who does.
 */
export function lineKey({ tenant }: OfTenant, lock: string): string {
  return tenant === undefined ? lock : `${tenant}/${lock}`;
}

/** The turns of one shard's database: of single operations, by wallet, and of batches. */
export interface ShardTurns {
  readonly single: Turns;
  readonly batch: Turns;
}

/** A batch's operation may take as long as the server lets a statement run. */
const BATCH: TurnLimits = { atOnceMax: 3, patienceMs: 4_000, waitMaxMs: 4_500 };

export function createShardTurns(): (shard: Database) => ShardTurns {
  const turns = new WeakMap<Database, ShardTurns>();
  return (shard) => {
    const own = turns.get(shard) ?? { single: createTurns(), batch: createTurns(BATCH) };
    turns.set(shard, own);
    return own;
  };
}
