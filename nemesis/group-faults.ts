/**
 * Faults at the points of a group of transfers, which the proxy before PostgreSQL knows: after its acceptance, its debits, its
 * credits, the record of its ends. A process is killed there; all the group's legs of a shard arrive when its transfers have long been
 * given up; answers are lost; a shard is gone from there on.
 */
import type { FaultKind } from './fault.ts';
import { holdsWithin, pause } from './pause.ts';
import { catchOne, endsOf, isOf, killedAtPoint } from './point-faults.ts';
import { transfersOf } from './postgres-wire.ts';
import type { Caught, Point, Wanted } from './proxy.ts';

/** For a group to come. Groups come with the clients' bursts, so not every second. */
const CATCH_LIMIT_MS = 20_000;
const READY_LIMIT_MS = 60_000;
/** So long after the end they arrive: by then everybody knows of the end. */
const LATE_MS = { min: 500, max: 4_000 };
const ARRIVE_MS = 1_000;
/** From less than what a group waits for a shard to more than that, and more than what its transfers have. */
const DOWN_MS = { min: 2_000, max: 12_000 };

/** The operation that moves or records one transfer as the group's does many. */
const SINGLE: Readonly<Record<string, string>> = { debit_group: 'debit', credit_group: 'credit', group_ends: 'status' };
const TITLES: Readonly<Record<string, string>> = {
  accept_group: 'the acceptance of a group',
  debit_group: 'the debits of a group',
  credit_group: 'the credits of a group',
  group_ends: 'the record of the ends of a group',
};
const titleOf = (operation: string): string => TITLES[operation]!;
/** A group's part in a shard that has fewer transfers is let go: there is little that could go wrong between them. */
const TRANSFERS_MIN = 3;
const isOfMany = (operation: string): Wanted => {
  const isMeant = isOf(operation);
  return (statement) => isMeant(statement) && transfersOf(statement).length >= TRANSFERS_MIN;
};

/**
 * What is sent of a group's debits or credits in one shard is held. Its transfers go on one by one, and what is sent of the same leg of
 * each is lost before it arrives, so that they are given up. Once all of them have ended, what was held arrives. Of the record of the
 * ends nothing else is lost: its transfers end one by one.
 */
export const lateGroup: FaultKind = {
  kind: 'late statement of a group',
  weight: 2,
  draw: (draws) => {
    const operation = draws.from(['debit_group', 'credit_group', 'group_ends'], 'operation');
    const lateMs = draws.whole(LATE_MS.min, LATE_MS.max, 'late');
    return {
      name: `${titleOf(operation)}, held until ${(lateMs / 1_000).toFixed(1)} s after all its transfers have ended`,
      kind: 'late statement of a group',
      lastsMs: 12_000 + lateMs,
      async strike(stage, signal) {
        const { stack, log, met } = stage;
        let held: Caught | undefined;
        let ids = new Set<string>();
        const isWanted: Wanted = (statement) => {
          if (held === undefined) return isOfMany(operation)(statement);
          if (operation === 'group_ends' || !isOf(SINGLE[operation]!)(statement)) return false;
          return transfersOf(statement).some((id) => ids.has(id));
        };
        const end = stack.proxies.postgres.catchEach('before', isWanted, (caught) => {
          if (caught.operation !== operation) return caught.reset();
          held = caught;
          ids = new Set(transfersOf(caught));
        });
        try {
          if (!(await holdsWithin(CATCH_LIMIT_MS, () => held !== undefined, signal))) return log('no group came');
          const ends = await endsOf(stage, [...ids], signal);
          await pause(lateMs, signal);
          end();
          held!.pass();
          const statuses = Map.groupBy(ends.values(), (status) => status);
          for (const [status, some] of statuses)
            met(`transfers that were ${status} when ${titleOf(operation)} arrived`, some.length);
          log(`${ends.size} of the ${ids.size} transfers have ended, and what was held arrives now`);
          await pause(ARRIVE_MS, signal);
        } finally {
          end();
          held?.pass();
        }
      },
    };
  },
};

/** The answer to a committed statement of a group is lost, and each to the same leg of one of its transfers, until all have ended. */
const lostGroupAnswer: FaultKind = {
  kind: 'lost answer of a group',
  weight: 2,
  draw: (draws) => {
    const operation = draws.from(['debit_group', 'credit_group', 'group_ends'], 'operation');
    return {
      name: `the answer to ${titleOf(operation)} is lost, and each to the same of one of its transfers`,
      kind: 'lost answer of a group',
      lastsMs: 14_000,
      async strike(stage, signal) {
        const { stack, log, met } = stage;
        let ids: ReadonlySet<string> | undefined;
        let lost = 0;
        const isWanted: Wanted = (statement) =>
          ids === undefined
            ? isOfMany(operation)(statement)
            : isOf(SINGLE[operation]!)(statement) && transfersOf(statement).some((id) => ids!.has(id));
        const end = stack.proxies.postgres.catchEach('after', isWanted, (caught) => {
          ids ??= new Set(transfersOf(caught));
          lost += 1;
          caught.reset();
        });
        try {
          if (!(await holdsWithin(CATCH_LIMIT_MS, () => ids !== undefined, signal))) return log('no group came');
          const ends = await endsOf(stage, [...ids!], signal);
          log(`${lost} answers were lost; of the group's ${ids!.size} transfers ${ends.size} have ended`);
          met(`PostgreSQL: answers to ${titleOf(operation)} that were lost`, 1);
          met(`PostgreSQL: answers to a ${SINGLE[operation]} that were lost after its group's`, lost - 1);
        } finally {
          end();
        }
      },
    };
  },
};

const DOWN_FROM: readonly [readonly [string, Point], ...(readonly [string, Point])[]] = [
  ['debit_group', 'after'],
  ['credit_group', 'before'],
  ['credit_group', 'after'],
];

/** Whatever is sent to a shard is reset, from when a group has been debited, or is about to be credited, there. */
const shardDown: FaultKind = {
  kind: 'shard down in a group',
  weight: 2,
  draw: (draws) => {
    const [operation, point] = draws.from(DOWN_FROM, 'point');
    const forMs = draws.whole(DOWN_MS.min, DOWN_MS.max, 'for');
    return {
      name: `a shard down for ${(forMs / 1_000).toFixed(1)} s, from ${point} ${titleOf(operation)} on`,
      kind: 'shard down in a group',
      lastsMs: forMs + 2_000,
      async strike({ stack, log, met, recovered }, signal) {
        const { postgres } = stack.proxies;
        const first = await catchOne(postgres.catchNext, point, isOfMany(operation), signal, CATCH_LIMIT_MS);
        if (first === undefined) return log('no group came');
        let refused = 0;
        const isMeant: Wanted = ({ database }) => database === first.database;
        const end = postgres.catchEach('before', isMeant, (caught) => {
          refused += 1;
          caught.reset();
        });
        try {
          first.reset();
          await pause(forMs, signal);
        } finally {
          end();
        }
        await stack.waitUntilReady(READY_LIMIT_MS);
        log(`${first.database} refused ${refused} statements`);
        met(
          `transfers of groups whose shard was gone from ${point} ${titleOf(operation)} on`,
          transfersOf(first).length,
        );
        recovered('a shard was there again');
      },
    };
  },
};

const POINTS: readonly [string, ...string[]] = ['accept_group', 'debit_group', 'credit_group', 'group_ends'];

export const groupFaults: readonly FaultKind[] = [
  killedAtPoint('process killed in a group', 3, POINTS, titleOf),
  lateGroup,
  lostGroupAnswer,
  shardDown,
];
