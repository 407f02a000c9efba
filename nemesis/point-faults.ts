/**
 * Faults at named points of a movement, which the proxy in front of PostgreSQL recognizes: a worker that is killed before its
 * statement, or after the commit and before the answer, in the debit, the credit, the refund or a status write; a statement that
 * arrives long after its movement was given up; an answer to a commit that is lost again and again.
 */
import type { Draws } from './draws.ts';
import type { FaultKind, Stage } from './fault.ts';
import { holdsWithin, pause } from './pause.ts';
import { transfersOf } from './postgres-wire.ts';
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

/** The processes that move money or goods, by what their connections are named. The API's accepts groups. */
const PROCESSES: Readonly<Record<string, string>> = {
  'counterpoise-api': 'api',
  'counterpoise-wallet-0': 'worker-wallet-0',
  'counterpoise-wallet-1': 'worker-wallet-1',
  'counterpoise-transfer': 'worker-transfer',
  'counterpoise-order': 'worker-order',
  'counterpoise-inventory': 'worker-inventory',
  'counterpoise-delivery': 'worker-delivery',
  'counterpoise-accounting': 'worker-accounting',
};
const POINTS: readonly [Point, ...Point[]] = ['before', 'after'];
const WHEN: Readonly<Record<Point, string>> = {
  before: 'before the statement',
  after: 'after the commit, before the acknowledgement',
};

/** A process is killed when it comes to one of the points of these operations. */
export function killedAtPoint(
  kind: string,
  weight: number,
  operations: readonly [string, ...string[]],
  nameOf: (operation: string) => string = (operation) => operation,
): FaultKind {
  return {
    kind,
    weight,
    draw: (draws) => {
      const operation = draws.from(operations, 'operation');
      const point = draws.from(POINTS, 'point');
      return {
        name: `kill -9 in ${nameOf(operation)}, ${WHEN[point]}`,
        kind,
        lastsMs: 6_000,
        async strike({ stack, draws: own, log, met, recovered }, signal) {
          const caught = await catchOne(stack.proxies.postgres.catchNext, point, isOf(operation), signal);
          if (caught === undefined) return log(`no ${operation} came`);
          const process = PROCESSES[caught.application]!;
          await killHolding(stack, process, { point, caught }, own);
          await stack.waitUntilReady(READY_LIMIT_MS);
          met(`processes killed in ${nameOf(operation)}, ${WHEN[point]}`, 1);
          recovered(`${process} was started again`);
        },
      };
    },
  };
}

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
          const isLate = operation !== 'status' || statement.parameters()[0] === 'DEBITED';
          const id = isLate ? transfersOf(statement)[0] : undefined;
          // Of a status the first try alone is held: the next one has to get through for the movement to end.
          return id !== undefined && (transferId === undefined || (operation !== 'status' && id === transferId));
        };
        const end = proxy.catchEach('before', isWanted, (caught) => {
          transferId ??= transfersOf(caught)[0];
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
          const [id] = transfersOf(statement);
          return id !== undefined && (transferId === undefined || transferId === id);
        };
        const end = stack.proxies.postgres.catchEach('after', isWanted, (caught) => {
          transferId ??= transfersOf(caught)[0];
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

export const pointFaults: readonly FaultKind[] = [
  killedAtPoint('worker killed at a point', 3, ['debit', 'credit', 'refund', 'cancel', 'deposit', 'status']),
  lateStatement,
  lostAnswer,
];

/** The kind restricted to one of its operations, for a run that tests that alone. */
export function drawnWith(kind: FaultKind, operation: string): FaultKind {
  const drawn = (draws: Draws): Draws['from'] =>
    ((items: readonly [string, ...string[]], ...name: (string | number)[]) =>
      name[0] === 'operation' ? operation : draws.from(items, ...name)) as Draws['from'];
  return { ...kind, draw: (draws) => kind.draw({ ...draws, from: drawn(draws) }) };
}

/** Of this operation, sent by a process that moves money or goods. */
export function isOf(operation: string): Wanted {
  return (statement) => statement.operation === operation && statement.application in PROCESSES;
}

/** Kills the process that has sent a statement which was caught, and returns once the next one is there. */
export async function killHolding(
  stack: Stage['stack'],
  process: string,
  { point, caught }: { readonly point: Point; readonly caught: Caught },
  draws: Draws,
): Promise<void> {
  const back = stack.killAndAwaitNext(process, 'SIGKILL', RESPAWN_LIMIT_MS);
  // What a dead client had sent may arrive all the same.
  if (point === 'before' && draws.chance(0.5, 'arrives')) caught.pass();
  else caught.reset();
  await back;
}

/** The next of these that comes; undefined if none does in time. */
export async function catchOne(
  catchNext: (point: Point, isWanted: Wanted, signal: AbortSignal) => Promise<Caught>,
  point: Point,
  isWanted: Wanted,
  signal: AbortSignal,
  limitMs = CATCH_LIMIT_MS,
): Promise<Caught | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  return catchNext(point, isWanted, limit).catch(() => undefined);
}

/** The status in which the transfer has ended; undefined if it has not in time. */
export async function endOf(stage: Stage, transferId: string, signal: AbortSignal): Promise<string | undefined> {
  return (await endsOf(stage, [transferId], signal)).get(transferId);
}

/** The statuses in which the transfers have ended, of those that have in time. */
export async function endsOf(
  { stack }: Stage,
  transferIds: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  let ends = new Map<string, string>();
  await holdsWithin(
    GIVEN_UP_LIMIT_MS,
    async () => {
      const rows = await stack.rows<{ id: string; status: string }>(
        'transfer',
        `SELECT transfer_id AS id, status FROM transfers
         WHERE transfer_id = ANY($1) AND status IN ('COMPLETED', 'FAILED', 'CANCELED')`,
        [transferIds],
      );
      ends = new Map(rows.map(({ id, status }) => [id, status]));
      return ends.size === transferIds.length;
    },
    signal,
  );
  return ends;
}
