/**
 * What arrives late of an order: a step that its client has asked for and canceled, once everything is undone; and a hand-over, in the
 * middle of a cancel.
 */
import type { FaultKind } from './fault.ts';
import { pause } from './pause.ts';
import { cancel, isStep, known, orderOf, stateOfOrder, terminate } from './order-points.ts';
import { catchOne, isOf } from './point-faults.ts';
import type { Caught, Point, Wanted } from './proxy.ts';

const CATCH_LIMIT_MS = 15_000;
/** From a cancel request until everything is undone. */
const UNDONE_LIMIT_MS = 12_000;
const ARRIVE_MS = 1_000;
/** The time within which a cancel request that is sent now asks the pivot. */
const ASKED_LIMIT_MS = 8_000;

/** A step of an order is held, its client cancels it, and what was held arrives once everything is undone. */
export const lateOrderStep: FaultKind = {
  kind: 'late step of an order',
  weight: 3,
  draw: (draws) => {
    const operation = draws.from(['reserve', 'hold', 'book', 'order_change'], 'operation');
    // The answer to the first statement of a change comes with the lock of the row, which nobody must keep for long.
    const point: Point = operation === 'order_change' || draws.chance(0.6, 'before') ? 'before' : 'after';
    return {
      name: `the ${operation} of an order ${point === 'before' ? 'that arrives' : 'whose answer arrives'} once the order was canceled`,
      kind: 'late step of an order',
      lastsMs: 7_000,
      async strike(stage, signal) {
        const { stack, log, met } = stage;
        const isWanted = isStep(operation);
        const booked = new Set<string>();
        const endWatch = stack.proxies.postgres.catchEach('before', isOf('book'), (each) => {
          booked.add(orderOf(each)!);
          each.pass();
        });
        const isNew: Wanted = (statement) => {
          const id = isWanted(statement) ? orderOf(statement)! : undefined;
          // The first change of an order that was booked is its confirmation.
          return id !== undefined && !known(stage).has(id) && (operation !== 'order_change' || booked.has(id));
        };
        const caught = await catchOne(stack.proxies.postgres.catchNext, point, isNew, signal, CATCH_LIMIT_MS);
        endWatch();
        if (caught === undefined) return log(`no ${operation} came`);
        const id = orderOf(caught)!;
        try {
          const canceling = cancel(stage, id);
          // A worker gives up a transaction soon, so its statement arrives as soon as the row says that the order is being undone.
          const isUndone = operation === 'order_change' ? 'compensating' : 'ended';
          const status = await stateOfOrder(stage, id, isUndone, UNDONE_LIMIT_MS, signal);
          caught.pass();
          await canceling;
          log(`order ${id} is ${status ?? 'under way'}, and its ${operation} arrives now`);
          if (status !== undefined)
            met(`steps of orders that arrived after their order was ${status}: ${operation}`, 1);
          await pause(ARRIVE_MS, signal);
        } finally {
          caught.pass();
          known(stage).add(id);
        }
      },
    };
  },
};

/**
 * The hand-over of a run that was terminated arrives in the middle of a cancel that its successor carries out: after whatever that does
 * before it asks the pivot, and before the pivot is asked.
 */
export const handOverInCancel: FaultKind = {
  kind: 'hand-over in the middle of a cancel',
  weight: 2,
  draw: () => ({
    name: 'a late hand-over arrives while the next run of its order is about to release the goods',
    kind: 'hand-over in the middle of a cancel',
    lastsMs: 8_000,
    async strike(stage, signal) {
      const { stack, log, met } = stage;
      const { postgres } = stack.proxies;
      const issue = await catchOne(postgres.catchNext, 'before', isOf('issue'), signal, CATCH_LIMIT_MS);
      if (issue === undefined) return log('no issue came');
      const id = orderOf(issue)!;
      const isRelease: Wanted = (statement) => isOf('release')(statement) && orderOf(statement) === id;
      // A client that has asked for the hand-over goes on asking; its next one is lost, so that the cancel is heard first.
      const isIssue: Wanted = (statement) => isOf('issue')(statement) && orderOf(statement) === id;
      const end = postgres.catchEach('before', isIssue, (caught) => caught.reset());
      let release: Caught | undefined;
      try {
        const releasing = catchOne(postgres.catchNext, 'before', isRelease, signal, ASKED_LIMIT_MS);
        await terminate(stage, id);
        const canceling = cancel(stage, id);
        release = await releasing;
        issue.pass();
        if (release === undefined) log(`order ${id} was not asked to release its goods`);
        else met('hand-overs that arrived in the middle of a cancel', 1);
        await pause(ARRIVE_MS / 2, signal);
        release?.pass();
        end();
        await canceling;
      } finally {
        end();
        issue.pass();
        release?.pass();
      }
    },
  }),
};
