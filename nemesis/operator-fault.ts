/**
 * A forced refund at the worst moment: the fence of a transfer's credit cannot be asked, an operator has the sender paid back, and
 * that payment is on its way when the credit's fence answers.
 */
import type { FaultKind, Stage } from './fault.ts';
import { holdsWithin, pause } from './pause.ts';
import { endOf, isOf } from './point-faults.ts';
import type { Caught, Wanted } from './proxy.ts';
import { reconcile } from './workflow-faults.ts';

const CATCH_LIMIT_MS = 12_000;
/** The time from the cancel request, or at the latest the deadline, until compensation has failed for a while. */
const STUCK_LIMIT_MS = 25_000;
const ASKED_LIMIT_MS = 6_000;
const LATE_MS = { min: 500, max: 3_000 };
const ARRIVE_MS = 1_000;

/** The outcomes of the credit, and when the payment arrives. */
const COURSES = {
  'landed, paid late': { hasLanded: true, isLate: true },
  'landed, paid at once': { hasLanded: true, isLate: false },
  'never landed, paid late': { hasLanded: false, isLate: true },
  'never landed, paid at once': { hasLanded: false, isLate: false },
} as const;
type Course = keyof typeof COURSES;

export const forcedRefund: FaultKind = {
  kind: 'forced refund',
  weight: 2,
  draw: (draws) => {
    const course = draws.from(Object.keys(COURSES) as [Course, ...Course[]], 'operation');
    const terminates = draws.chance(0.4, 'terminates');
    const lateMs = draws.whole(LATE_MS.min, LATE_MS.max, 'late');
    return {
      name: `a refund is forced while nobody knows of the credit: ${course}${terminates ? ', its workflow terminated' : ''}`,
      kind: 'forced refund',
      lastsMs: 10_000 + lateMs,
      strike: (stage, signal) => force(stage, signal, { course, terminates, lateMs }),
    };
  },
};

async function force(
  stage: Stage,
  signal: AbortSignal,
  { course, terminates, lateMs }: { course: Course; terminates: boolean; lateMs: number },
): Promise<void> {
  const { stack, log, met, workload } = stage;
  const { hasLanded, isLate } = COURSES[course];
  const proxy = stack.proxies.postgres;
  const held: Caught[] = [];
  let transfer: { readonly id: string; readonly receiver: string } | undefined;
  let payments = 0;
  const isOfIt =
    (operation: string): Wanted =>
    (statement) =>
      isOf(operation)(statement) && (transfer === undefined || statement.parameters()[0] === transfer.id);

  const endCredit = proxy.catchEach(hasLanded ? 'after' : 'before', isOfIt('credit'), (caught) => {
    const [id, receiver] = caught.parameters();
    transfer ??= { id: id!, receiver: receiver! };
    if (hasLanded) caught.reset();
    else held.push(caught);
  });
  // The fence of the credit cannot be asked. The fence of the advance can, because it is in the sender's shard.
  const endCancel = proxy.catchEach(
    'before',
    (statement) => isOfIt('cancel')(statement) && statement.parameters()[1] === transfer?.receiver,
    (caught) => caught.reset(),
  );
  const endAdvance = proxy.catchEach(
    'before',
    (statement) => transfer !== undefined && isOfIt('advance')(statement),
    (caught) => {
      payments += 1;
      if (isLate) held.push(caught);
      else caught.pass();
    },
  );
  try {
    if (!(await holdsWithin(CATCH_LIMIT_MS, () => transfer !== undefined, signal))) return log('no credit came');
    const { id } = transfer!;
    await workload.operator.cancel(id);
    if (!(await holdsWithin(STUCK_LIMIT_MS, () => isStuck(stage, id), signal)))
      return log(`transfer ${id} did not get stuck`);
    const answered = workload.operator.force(id);
    await holdsWithin(ASKED_LIMIT_MS, () => payments > 0, signal);
    if (!isLate) await answered;
    if (terminates) await terminate(stage, id);
    endCredit();
    endCancel();
    const status = await endOf(stage, id, signal);
    await pause(lateMs, signal);
    endAdvance();
    for (const each of held.splice(0)) each.pass();
    await answered;
    log(`transfer ${id} is ${status ?? 'under way'}; its sender was to be paid ${payments} times`);
    if (status !== undefined)
      met(`payments in advance that arrived ${isLate ? 'after' : 'before'} their transfer was ${status}`, payments);
    await pause(ARRIVE_MS, signal);
  } finally {
    endCredit();
    endCancel();
    endAdvance();
    for (const each of held) each.pass();
  }
}

async function isStuck({ stack }: Stage, id: string): Promise<boolean> {
  const statement = `SELECT FROM transfers WHERE transfer_id = $1 AND attention_reason = 'cancel_credit_failing'`;
  return (await stack.rows('transfer', statement, [id])).length > 0;
}

async function terminate(stage: Stage, id: string): Promise<void> {
  await stage.stack.temporal.workflow
    .getHandle(`transfer/${id}`)
    .terminate('by the nemesis')
    .catch(() => {});
  await reconcile(stage);
}
