/**
 * The relay between the outboxes and the event log, hurt in the middle of an append: killed before it arrives or after it is
 * committed, or frozen past its lease, while a second events worker takes over, and thawed with the append still in its hand. And
 * transactions that have written their events and commit late, after others that have written later ones.
 */
import { freezeProcess } from '../dev/freeze.ts';
import type { FaultKind, Stage } from './fault.ts';
import { holdsWithin, pause, untilDone } from './pause.ts';
import { catchOne, killHolding } from './point-faults.ts';
import type { Caught, Point, Wanted } from './proxy.ts';
import { startSpareWorker } from './spare-worker.ts';
import { PLACES, type Place } from './stack.ts';
import { inTurn } from './turns.ts';

const RELAY = 'worker-events';
const READY_LIMIT_MS = 60_000;
/** An append comes as soon as something has moved. */
const CATCH_LIMIT_MS = 12_000;
const TAKEN_OVER_LIMIT_MS = 30_000;
/** So long the other relay works before the frozen one thaws. */
const WORKED_MS = { min: 500, max: 3_000 };
const LATE_MS = 1_000;
const POINTS: readonly [Point, ...Point[]] = ['before', 'after'];

const isAppend: Wanted = ({ operation, application }) =>
  operation === 'append_events' && application === 'counterpoise-events';

export const relayKilled: FaultKind = {
  kind: 'relay killed',
  weight: 1,
  draw: (draws) => {
    const point = draws.from(POINTS, 'point');
    return {
      name: `kill -9 ${RELAY} ${point === 'before' ? 'before an append' : 'after the commit of an append, before its acknowledgement'}`,
      kind: 'relay killed',
      lastsMs: 6_000,
      async strike({ stack, draws: own, log, met, recovered }, signal) {
        const caught = await catchAppend(stack, point, signal);
        if (caught === undefined) return log('no append came');
        await killHolding(stack, RELAY, { point, caught }, own);
        met('relays killed in an append', 1);
        recovered(`${RELAY} was started again`);
      },
    };
  },
};

export const relayFrozen: FaultKind = {
  kind: 'relay frozen past its lease',
  weight: 1,
  draw: (draws) => {
    const workedMs = draws.whole(WORKED_MS.min, WORKED_MS.max, 'worked');
    return {
      name: `${RELAY} frozen in an append until another one has the lease, and back`,
      kind: 'relay frozen past its lease',
      lastsMs: 9_000,
      async strike(stage, signal) {
        const { stack, log } = stage;
        const stopSpare = await startSpareWorker(stack, RELAY, signal);
        if (stopSpare === undefined) return log('a second events worker did not start');
        try {
          await freezeAndThaw(stage, workedMs, signal);
        } finally {
          await stopSpare();
        }
      },
    };
  },
};

const LATE_COMMITS = `
  CREATE OR REPLACE FUNCTION nemesis_late_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05 + random() / 4); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER nemesis_late_commit AFTER INSERT ON outbox_events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (random() < 0.1) EXECUTE FUNCTION nemesis_late_commit()`;
const COMMITS_IN_TIME = 'DROP FUNCTION IF EXISTS nemesis_late_commit CASCADE';

export const lateCommits: FaultKind = {
  kind: 'late commits',
  weight: 1,
  draw: (draws) => {
    const place = draws.from([...PLACES] as [Place, ...Place[]], 'place');
    const forMs = draws.whole(3_000, 6_000, 'for');
    return {
      name: `one in ten events of ${place} is committed up to 0.3 s late, for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'late commits',
      lastsMs: forMs + 1_000,
      strike: ({ stack }, signal) =>
        inTurn(stack, `late commits of ${place}`, async () => {
          // Changing the table's triggers waits for the writers, and the writers wait behind that.
          const change = (how: string) => stack.rows(place, `SET lock_timeout = '300ms'; ${how}; RESET lock_timeout`);
          try {
            await untilDone(() => change(LATE_COMMITS));
            await pause(forMs, signal);
          } finally {
            await untilDone(() => change(COMMITS_IN_TIME));
          }
        }),
    };
  },
};

export const relayFaults: readonly FaultKind[] = [relayKilled, relayFrozen, lateCommits];

async function freezeAndThaw({ stack, log, met }: Stage, workedMs: number, signal: AbortSignal): Promise<void> {
  if (!(await holdsWithin(READY_LIMIT_MS, () => stack.process(RELAY) !== undefined, signal))) return;
  const before = await leaseToken(stack);
  // None comes through the proxy while the spare one has the lease.
  const caught = await catchAppend(stack, 'before', signal);
  if (caught === undefined) return log('no append came');
  const pid = stack.process(RELAY);
  if (pid === undefined) {
    caught.pass();
    return log('another fault has killed it');
  }
  const thaw = await freezeProcess(pid).catch((error: unknown) => {
    caught.pass();
    throw error;
  });
  try {
    const isTakenOver = async (): Promise<boolean> => (await leaseToken(stack)) !== before;
    if (await holdsWithin(TAKEN_OVER_LIMIT_MS, isTakenOver, signal)) {
      await pause(workedMs, signal);
      met('appends of a frozen relay that arrived after another one had taken over', 1);
    } else log('nobody took over');
  } finally {
    thaw();
    caught.pass();
    await pause(LATE_MS, signal);
  }
}

function catchAppend(stack: Stage['stack'], point: Point, signal: AbortSignal): Promise<Caught | undefined> {
  return catchOne(stack.proxies.postgres.catchNext, point, isAppend, signal, CATCH_LIMIT_MS);
}

async function leaseToken(stack: Stage['stack']): Promise<string | undefined> {
  const rows = await stack
    .rows<{ token: string }>('events', `SELECT token FROM leases WHERE name = 'relay'`)
    .catch(() => []);
  return rows[0]?.token;
}
