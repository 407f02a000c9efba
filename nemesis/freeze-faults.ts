/**
 * Frozen processes. A worker is stopped (SIGSTOP) in the middle of its work, past the time-out of its activities and the deadline
 * of its movements, while a second worker compensates; then it is continued (SIGCONT) and finishes its work as if no time had
 * passed. The servers are frozen for some seconds.
 */
import { freezeProcess } from '../dev/freeze.ts';
import type { FaultKind, Stage } from './fault.ts';
import { holdsWithin, pause } from './pause.ts';
import { catchOne } from './point-faults.ts';
import { transfersOf } from './postgres-wire.ts';
import type { Wanted } from './proxy.ts';
import { startSpareWorker, type WorkerName } from './spare-worker.ts';

/** Longer than the time-out of an activity, 10 s, and past the deadline of movements that were accepted just before. */
const FROZEN_MS = { min: 13_000, max: 18_000 };
/** The time within which the thawed worker sends its remaining statements. */
const LATE_MS = 3_000;
const READY_LIMIT_MS = 60_000;
const WORKERS: readonly [WorkerName, ...WorkerName[]] = ['worker-wallet-0', 'worker-wallet-1', 'worker-transfer'];
const APPLICATIONS: Readonly<Record<WorkerName, string>> = {
  'worker-wallet-0': 'counterpoise-wallet-0',
  'worker-wallet-1': 'counterpoise-wallet-1',
  'worker-transfer': 'counterpoise-transfer',
};

/** What a worker has just sent of a group when it is frozen; the statement arrives when it is thawed. */
const OF_GROUP: Readonly<Record<WorkerName, readonly [string, ...string[]]>> = {
  'worker-wallet-0': ['debit_group', 'credit_group'],
  'worker-wallet-1': ['debit_group', 'credit_group'],
  'worker-transfer': ['group_ends'],
};
const GROUP_LIMIT_MS = 20_000;

function frozenWorker(kind: string, isInGroup: boolean): FaultKind {
  return {
    kind,
    weight: 2,
    draw: (draws) => {
      const name = draws.from(WORKERS, 'worker');
      const inHand = isInGroup ? draws.from(OF_GROUP[name], 'operation') : undefined;
      const forMs = draws.whole(FROZEN_MS.min, FROZEN_MS.max, 'for');
      return {
        name: `${name} frozen ${inHand === undefined ? '' : `in ${inHand} `}for ${(forMs / 1_000).toFixed(1)} s, and back`,
        kind,
        lastsMs: forMs + LATE_MS + 4_000,
        async strike(stage, signal) {
          const { stack, log } = stage;
          const stopSpare = await startSpareWorker(stack, name, signal);
          if (stopSpare === undefined) return log('a second worker did not start');
          try {
            await freezeAndThaw(stage, name, inHand, forMs, signal);
          } finally {
            await stopSpare();
          }
        },
      };
    },
  };
}

async function freezeAndThaw(
  stage: Stage,
  name: WorkerName,
  inHand: string | undefined,
  forMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { stack, log, met } = stage;
  if (!(await holdsWithin(READY_LIMIT_MS, () => stack.process(name) !== undefined, signal))) return;
  const isInHand: Wanted = ({ operation, application }) => operation === inHand && application === APPLICATIONS[name];
  const caught =
    inHand && (await catchOne(stack.proxies.postgres.catchNext, 'before', isInHand, signal, GROUP_LIMIT_MS));
  if (inHand !== undefined && !caught) return log(`no ${inHand} came`);
  const thaw = await freezeProcess(stack.process(name)!).catch((error: unknown) => {
    if (caught) caught.pass();
    throw error;
  });
  const fromMs = Date.now();
  try {
    await pause(forMs, signal);
  } finally {
    // Which of what it sends now is of movements that others have ended.
    const late = lateArrivals(stage, name);
    const ended = await endedSince(stage, fromMs);
    thaw();
    if (caught) {
      caught.pass();
      const ofGroup = transfersOf(caught).filter((id) => ended.has(id)).length;
      met(`transfers that had ended when ${inHand} of a frozen worker arrived`, ofGroup);
    }
    await pause(LATE_MS, signal);
    const arrived = [...late()].filter((id) => ended.has(id));
    const givenUp = [...ended.values()].filter((reason) => reason === 'timed_out').length;
    log(
      `while ${name} was frozen, ${ended.size} transfers ended, ${givenUp} of them given up; ` +
        `it came back with statements of ${arrived.length} of them`,
    );
    met('transfers given up and compensated while a worker was frozen', givenUp);
    met('transfers that had ended when a thawed worker sent a statement of them', arrived.length);
  }
}

const frozenServer: FaultKind = {
  kind: 'server frozen',
  weight: 1,
  draw: (draws) => {
    const name = draws.from(['postgres', 'temporal', 'api', 'wallet-api'], 'server');
    const forMs = draws.whole(500, 6_000, 'for');
    return {
      name: `${name} frozen for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'server frozen',
      lastsMs: forMs + 2_000,
      async strike({ stack, recovered }, signal) {
        const pid = stack.process(name);
        if (pid === undefined) return;
        const thaw = await freezeProcess(pid);
        try {
          await pause(forMs, signal);
        } finally {
          thaw();
        }
        await stack.waitUntilReady(READY_LIMIT_MS);
        recovered(`${name} went on after it was frozen`);
      },
    };
  },
};

export const freezeFaults: readonly FaultKind[] = [
  frozenWorker('worker frozen past its time-out', false),
  frozenWorker('worker frozen in a group', true),
  frozenServer,
];

/** Watches the worker's statements from now on; the returned function lists the transfers of those that write. */
function lateArrivals({ stack }: Stage, name: WorkerName): () => Set<string> {
  const ids = new Set<string>();
  const end = stack.proxies.postgres.catchEach(
    'before',
    ({ application, operation }) => application === APPLICATIONS[name] && operation !== 'read',
    (caught) => {
      for (const each of transfersOf(caught)) ids.add(each);
      caught.pass();
    },
  );
  return () => {
    end();
    return ids;
  };
}

/** The transfers that have ended since `fromMs`, with the failure reason of those that failed. */
async function endedSince({ stack }: Stage, fromMs: number): Promise<Map<string, string | null>> {
  const rows = await stack
    .rows<{ transfer_id: string; failure_reason: string | null }>(
      'transfer',
      `SELECT transfer_id, failure_reason FROM transfers
       WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED') AND updated_at > to_timestamp($1::double precision / 1000)`,
      [fromMs],
    )
    .catch(() => []);
  return new Map(rows.map(({ transfer_id, failure_reason }) => [transfer_id, failure_reason]));
}
