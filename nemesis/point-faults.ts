/**
 * Faults at named points of a movement, which the proxy in front of PostgreSQL recognizes: a worker that is killed before its
 * statement, or after the commit and before the answer, in the debit, the credit, the refund or a status write; a statement that
 * arrives long after its movement was given up; an answer to a commit that is lost again and again.
 */
import type { Draws } from './draws.ts';
import type { FaultKind, Stage } from './fault.ts';
import { holdsWithin, pause } from './pause.ts';
import type { Caught, Point, Wanted } from './proxy.ts';

/** The limit for a statement to come to the point. Most do within a second; a refund needs a movement that is given up. */
const CATCH_LIMIT_MS = 12_000;
const RESPAWN_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 60_000;
/** At least the time from a movement's acceptance until it has been given up and compensated. */
const GIVEN_UP_LIMIT_MS = 30_000;
/** The time from the movement's end until the statement arrives: by then everybody knows of the end. */
const LATE_MS = { min: 500, max: 4_000 };
const ARRIVE_MS = 1_000;

/** The workers, by the application names of their connections. */
const WORKERS: Readonly<Record<string, string>> = {
  'counterpoise-wallet-0': 'worker-wallet-0',
  'counterpoise-wallet-1': 'worker-wallet-1',
  'counterpoise-transfer': 'worker-transfer',
};
const POINTS: readonly [Point, ...Point[]] = ['before', 'after'];
const WHEN: Readonly<Record<Point, string>> = {
  before: 'before the statement',
  after: 'after the commit, before the acknowledgement',
};

const killedAtPoint: FaultKind = {
  kind: 'worker killed at a point',
  weight: 3,
  draw: (draws) => {
    const operation = draws.from(['debit', 'credit', 'refund', 'cancel', 'deposit', 'status'], 'operation');
    const point = draws.from(POINTS, 'point');
    return {
      name: `kill -9 in ${operation}, ${WHEN[point]}`,
      kind: 'worker killed at a point',
      lastsMs: 6_000,
      async strike({ stack, draws: own, log, met, recovered }, signal) {
        const caught = await catchOne(stack.proxies.postgres.catchNext, point, isOf(operation), signal);
        if (caught === undefined) return log(`no ${operation} came`);
        const worker = WORKERS[caught.application]!;
        const back = stack.killAndAwaitNext(worker, 'SIGKILL', RESPAWN_LIMIT_MS);
        // A statement of a dead client may arrive all the same.
        if (point === 'before' && own.chance(0.5, 'arrives')) caught.pass();
        else caught.reset();
        await back;
        await stack.waitUntilReady(READY_LIMIT_MS);
        met(`workers killed in ${operation}, ${WHEN[point]}`, 1);
        recovered(`${worker} was started again`);
      },
    };
  },
};

/**
 * All statements of one operation of a movement are held until the movement has ended, and then arrive. Of a status write only
 * the first try is held: another try must write the status before the movement can end.
 */
export const lateStatement: FaultKind = {
  kind: 'late statement',
  weight: 2,
  draw: (draws) => {
    const operation = draws.from(['debit', 'credit', 'status'], 'operation');
    const lateMs = draws.whole(LATE_MS.min, LATE_MS.max, 'late');
    return {
      name: `a ${operation} that arrives ${(lateMs / 1_000).toFixed(1)} s after its transfer has ended`,
      kind: 'late statement',
      lastsMs: 12_000 + lateMs,
      async strike(stage, signal) {
        const { stack, log, met } = stage;
        const proxy = stack.proxies.postgres;
        const held: Caught[] = [];
        let transferId: string | undefined;
        const isWanted: Wanted = (statement) => {
          if (!isOf(operation)(statement)) return false;
          const [first, ...others] = statement.parameters();
          const id = operation === 'status' ? (first === 'DEBITED' ? uuidAmong(others) : undefined) : first;
          // Of a status write only the first try is held: the next one must get through for the movement to end.
          return id !== undefined && (transferId === undefined || (operation !== 'status' && id === transferId));
        };
        const end = proxy.catchEach('before', isWanted, (caught) => {
          transferId ??= uuidAmong(caught.parameters());
          held.push(caught);
        });
        try {
          if (!(await holdsWithin(CATCH_LIMIT_MS, () => held.length > 0, signal))) return log(`no ${operation} came`);
          const status = await endOf(stage, transferId!, signal);
          if (status === undefined) return log(`transfer ${transferId} did not end while its ${operation} was held`);
          await pause(lateMs, signal);
          end();
          const late = held.length;
          held.splice(0).forEach((each) => each.pass());
          log(`transfer ${transferId} is ${status}; ${late} times its ${operation} arrives now`);
          met(`${operation}s that arrived after their transfer was ${status}`, late);
          await pause(ARRIVE_MS, signal);
        } finally {
          end();
          for (const each of held) each.pass();
        }
      },
    };
  },
};

/** Each answer to one operation of a movement is lost after the commit, until the movement has ended or the time is up. */
export const lostAnswer: FaultKind = {
  kind: 'lost answer',
  weight: 2,
  draw: (draws) => {
    const operation = draws.from(['credit', 'debit', 'status'], 'operation');
    return {
      name: `the answer to a committed ${operation} is lost, each time`,
      kind: 'lost answer',
      lastsMs: 14_000,
      async strike(stage, signal) {
        const { stack, log, met } = stage;
        let lost = 0;
        let transferId: string | undefined;
        const isWanted: Wanted = (statement) => {
          if (!isOf(operation)(statement)) return false;
          const id = uuidAmong(statement.parameters());
          return id !== undefined && (transferId === undefined || transferId === id);
        };
        const end = stack.proxies.postgres.catchEach('after', isWanted, (caught) => {
          transferId ??= uuidAmong(caught.parameters());
          lost += 1;
          caught.reset();
        });
        try {
          if (!(await holdsWithin(CATCH_LIMIT_MS, () => lost > 0, signal))) return log(`no ${operation} came`);
          const status = await endOf(stage, transferId!, signal);
          log(`transfer ${transferId}: ${lost} answers to its ${operation} were lost, it is ${status ?? 'under way'}`);
          met(`PostgreSQL: answers to a committed ${operation} that were lost`, lost);
        } finally {
          end();
        }
      },
    };
  },
};

export const pointFaults: readonly FaultKind[] = [killedAtPoint, lateStatement, lostAnswer];

/** The kind restricted to one of its operations, for a run that tests that alone. */
export function drawnWith(kind: FaultKind, operation: string): FaultKind {
  const drawn = (draws: Draws): Draws['from'] =>
    ((items: readonly [string, ...string[]], ...name: (string | number)[]) =>
      name[0] === 'operation' ? operation : draws.from(items, ...name)) as Draws['from'];
  return { ...kind, draw: (draws) => kind.draw({ ...draws, from: drawn(draws) }) };
}

/** Selects statements of this operation that a worker sends. */
export function isOf(operation: string): Wanted {
  return (statement) => statement.operation === operation && statement.application in WORKERS;
}

async function catchOne(
  catchNext: (point: Point, isWanted: Wanted, signal: AbortSignal) => Promise<Caught>,
  point: Point,
  isWanted: Wanted,
  signal: AbortSignal,
): Promise<Caught | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CATCH_LIMIT_MS)]);
  return catchNext(point, isWanted, limit).catch(() => undefined);
}

/** The status in which the transfer has ended; undefined if it does not end in time. */
export async function endOf({ stack }: Stage, transferId: string, signal: AbortSignal): Promise<string | undefined> {
  let status: string | undefined;
  await holdsWithin(
    GIVEN_UP_LIMIT_MS,
    async () => {
      const [row] = await stack.rows<{ status: string }>(
        'transfer',
        `SELECT status FROM transfers WHERE transfer_id = $1 AND status IN ('COMPLETED', 'FAILED', 'CANCELED')`,
        [transferId],
      );
      status = row?.status;
      return status !== undefined;
    },
    signal,
  );
  return status;
}

function uuidAmong(parameters: readonly (string | undefined)[]): string | undefined {
  return parameters.find((each) => each !== undefined && /^[0-9a-f-]{36}$/.test(each));
}
