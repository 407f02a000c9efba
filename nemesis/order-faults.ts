/**
 * Faults at the points of an order, which the proxy before PostgreSQL knows: a worker is killed there; answers are lost; a run is
 * terminated, or its worker killed, between the goods' leaving and their payment; a database is gone; a worker is frozen.
 */
import { freezeProcess } from '../dev/freeze.ts';
import { ORDER_SERVICES } from '../domain/order-services.ts';
import type { FaultKind } from './fault.ts';
import { handOverInCancel, lateOrderStep } from './late-order-faults.ts';
import { orderOf, terminate } from './order-points.ts';
import { holdsWithin, pause } from './pause.ts';
import { catchOne, isOf, killedAtPoint } from './point-faults.ts';
import type { Wanted } from './proxy.ts';
import { startSpareWorker, type OrderWorkerName } from './spare-worker.ts';

const CATCH_LIMIT_MS = 15_000;
const READY_LIMIT_MS = 60_000;
const RESPAWN_LIMIT_MS = 60_000;
const ARRIVE_MS = 1_000;
const LOST_MS = { min: 2_000, max: 9_000 };
const DOWN_MS = { min: 1_500, max: 9_000 };
/** Longer than the time-out of an activity, 10 s. */
const FROZEN_MS = { min: 11_000, max: 15_000 };

/** Every step of an order in the services that it goes through, and what undoes it. */
const STEPS = ['reserve', 'book', 'order_change', 'issue', 'hand_over', 'post_invoice'] as const;
const UNDOS = ['release_order', 'release', 'cancel_booking'] as const;
const OF_RETURNS = ['take_back', 'post_credit_note', 'post_refund'] as const;

/** Each answer to a committed step of one order is lost for a while, so that it is repeated, or given up. */
const lostOrderAnswer: FaultKind = {
  kind: 'lost answer of an order',
  weight: 2,
  draw: (draws) => {
    const operation = draws.from([...STEPS, ...UNDOS], 'operation');
    const forMs = draws.whole(LOST_MS.min, LOST_MS.max, 'for');
    return {
      name: `the answer to a committed ${operation} of an order is lost, each time for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'lost answer of an order',
      lastsMs: forMs + 5_000,
      async strike({ stack, log, met }, signal) {
        let lost = 0;
        let order: string | undefined;
        const isWanted = isOf(operation);
        const isOfIt: Wanted = (statement) =>
          isWanted(statement) && (order === undefined || orderOf(statement) === order);
        const end = stack.proxies.postgres.catchEach('after', isOfIt, (caught) => {
          order ??= orderOf(caught);
          lost += 1;
          caught.reset();
        });
        try {
          if (!(await holdsWithin(CATCH_LIMIT_MS, () => lost > 0, signal))) return log(`no ${operation} came`);
          await pause(forMs, signal);
          log(`order ${order}: ${lost} answers to its ${operation} were lost`);
          met(`PostgreSQL: answers to a committed ${operation} of an order that were lost`, lost);
        } finally {
          end();
        }
      },
    };
  },
};

/** The goods have left, and nobody who asked for that knows: its worker is killed, or its run terminated, before the capture. */
const captureInterrupted: FaultKind = {
  kind: 'order interrupted before its capture',
  weight: 2,
  draw: (draws) => {
    const isKilled = draws.chance(0.5, 'killed');
    return {
      name: `${isKilled ? 'worker-order killed' : 'an order terminated'} between the issue of its goods and their capture`,
      kind: 'order interrupted before its capture',
      lastsMs: 7_000,
      async strike(stage, signal) {
        const { stack, log, met, recovered } = stage;
        const caught = await catchOne(stack.proxies.postgres.catchNext, 'after', isOf('issue'), signal, CATCH_LIMIT_MS);
        if (caught === undefined) return log('no issue came');
        const id = orderOf(caught)!;
        try {
          if (isKilled) await stack.killAndAwaitNext('worker-order', 'SIGKILL', RESPAWN_LIMIT_MS);
          else await terminate(stage, id);
        } finally {
          caught.pass();
        }
        met(`orders ${isKilled ? 'whose worker was killed' : 'that were terminated'} between issue and capture`, 1);
        if (!isKilled) return;
        await stack.waitUntilReady(READY_LIMIT_MS);
        recovered('worker-order was started again');
      },
    };
  },
};

/** Whatever is sent to the database of one of the services of orders is reset. */
const orderDatabaseDown: FaultKind = {
  kind: 'database of orders down',
  weight: 2,
  draw: (draws) => {
    const name = draws.from(ORDER_SERVICES, 'service');
    const forMs = draws.whole(DOWN_MS.min, DOWN_MS.max, 'for');
    return {
      name: `the database ${name} down for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'database of orders down',
      lastsMs: forMs + 2_000,
      async strike({ stack, log, met, recovered }, signal) {
        let refused = 0;
        const end = stack.proxies.postgres.catchEach(
          'before',
          ({ database }) => database === name,
          (caught) => {
            refused += 1;
            caught.reset();
          },
        );
        try {
          await pause(forMs, signal);
        } finally {
          end();
        }
        await stack.waitUntilReady(READY_LIMIT_MS);
        log(`${name} refused ${refused} statements`);
        met('statements to a database of orders that was down', refused);
        recovered('a database of orders was there again');
      },
    };
  },
};

/** As a worker of movements: a second one goes on with its work meanwhile, and then it comes back. */
const orderWorkerFrozen: FaultKind = {
  kind: 'order worker frozen past its time-out',
  weight: 1,
  draw: (draws) => {
    const name: OrderWorkerName = `worker-${draws.from(ORDER_SERVICES, 'service')}`;
    const forMs = draws.whole(FROZEN_MS.min, FROZEN_MS.max, 'for');
    return {
      name: `${name} frozen for ${(forMs / 1_000).toFixed(1)} s, and back`,
      kind: 'order worker frozen past its time-out',
      lastsMs: forMs + 7_000,
      async strike({ stack, log, met }, signal) {
        const stopSpare = await startSpareWorker(stack, name, signal);
        if (stopSpare === undefined) return log('a second worker did not start');
        try {
          const pid = stack.process(name);
          if (pid === undefined) return log('another fault has killed it');
          const thaw = await freezeProcess(pid);
          try {
            await pause(forMs, signal);
          } finally {
            thaw();
          }
          met(`times that ${name} came back after it was frozen past its time-out`, 1);
          await pause(ARRIVE_MS, signal);
        } finally {
          await stopSpare();
        }
      },
    };
  },
};

export const orderFaults: readonly FaultKind[] = [
  killedAtPoint('order worker killed at a point', 3, [...STEPS, ...UNDOS, ...OF_RETURNS]),
  lateOrderStep,
  lostOrderAnswer,
  captureInterrupted,
  handOverInCancel,
  orderDatabaseDown,
  orderWorkerFrozen,
];
