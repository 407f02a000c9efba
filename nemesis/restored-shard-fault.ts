/**
 * A wallet shard that was restored to an earlier time: it has lost the credit of a completed transfer, and its rows agree with each
 * other. The product must see that by its ordinary checks, and must notice when the credit is there again.
 */
import type { FaultKind, Stage } from './fault.ts';
import { age, isLogged, isThere, lose, noteAsNewest, putBack, readCredit, type Credit } from './lost-credit.ts';
import { holdsWithin, untilDone, pause } from './pause.ts';
import { inTurn } from './turns.ts';
import { readApiKey } from '../dev/api-key-file.ts';

/** When the credit was made, which decides how its loss must be seen. */
const COURSES = ['lately', 'long ago', 'its newest leg'] as const;
type Course = (typeof COURSES)[number];

const TRANSFERS = 2;
/** The number of ended movements of each kind that one run looks at (decision 0023). */
const PATROLLED = 2_000;
/** Allows for a run that is under way, and one that continues where that has stopped. */
const RUNS_BESIDE = 2;
/** The number of watermark checks to wait for; while the stack is ready, there is one every five seconds. */
const LOOKS = 15;
const LOOK_MS = 2_000;
const RUN_LIMIT_MS = 20_000;
const AGAIN_MS = 500;
/** The limit to judge. If other faults keep the checks from running so long, the loss is not judged. */
const JUDGE_LIMIT_MS = 120_000;
/** After the end of the run, the loss is still judged for this long, on a stack that recovers. */
const AFTER_END_MS = 30_000;
const CLOSE_LIMIT_MS = 60_000;

export const restoredShard: FaultKind = {
  kind: 'restored shard',
  weight: 1,
  draw: (draws) => {
    const course = draws.from(COURSES, 'operation');
    const shard = draws.whole(0, 1, 'shard');
    return {
      name: `wallet-${shard} loses a credit: ${course}`,
      kind: 'restored shard',
      lastsMs: 12_000,
      strike: (stage, signal) => inTurn(stage.stack, 'restored shard', () => restore(stage, signal, shard, course)),
    };
  },
};

async function restore(stage: Stage, signal: AbortSignal, shard: number, course: Course): Promise<void> {
  const { stack, log, met, violation } = stage;
  const credit = await makeCredit(stage, signal, shard, course);
  if (credit === undefined) return log('no transfer of its own came to its end');
  const given = endsAfter(signal, AFTER_END_MS);
  // In this course the watermark check must see the loss; in the others, a run that looks at the transfer.
  const isNoted = course === 'its newest leg';
  const isSeen = async (): Promise<boolean> =>
    (await openCases(stage, [isNoted ? `shard/${shard}` : `transfer/${credit.transfer}`])) > 0;
  try {
    await untilDone(() => lose(stack, credit));
    if (isNoted) await untilDone(() => noteAsNewest(stack, shard, credit));
    const rounds = Math.floor((await untilDone(() => endedTransfers(stage))) / PATROLLED);
    const seen = isNoted
      ? await holdsWithinChances(isSeen, LOOKS, () => awaitWatermarkCheck(stage, given), given)
      : await holdsWithinChances(isSeen, rounds + RUNS_BESIDE, () => runReconciliation(stage, given), given);
    if (seen === true) log(`it was seen that transfer ${credit.transfer} has lost its credit`);
    if (seen === true) met(`lost credits that were seen: ${course}`, 1);
    else if (seen === undefined || (await untilDone(() => isThere(stack, credit)))) log('it could not be judged');
    else violation(`${credit.place} lost the credit of transfer ${credit.transfer}, and nobody saw it`);
  } finally {
    await untilDone(() => putBack(stack, credit));
  }
  // A shard with a case takes no movements, so closing the case is part of the healing, whether the run has ended or not.
  const healing = AbortSignal.timeout(CLOSE_LIMIT_MS);
  const all = [`transfer/${credit.transfer}`, `shard/${shard}`];
  const areClosed = async (): Promise<boolean> => (await openCases(stage, all)) === 0;
  const closed = await holdsWithinChances(areClosed, RUNS_BESIDE, () => runReconciliation(stage, healing), healing);
  if (closed) met('cases of lost credits that were closed once they were back', 1);
  else if (closed === false) violation(`its case is open, although what ${credit.place} had lost is back`);
}

/** Makes a credit that was seen to have landed; undefined if that did not succeed. */
async function makeCredit(
  stage: Stage,
  signal: AbortSignal,
  shard: number,
  course: Course,
): Promise<Credit | undefined> {
  const { stack, workload } = stage;
  const wallets = await workload.ownWallets(shard, signal);
  if (wallets === undefined) return undefined;
  const transfers: string[] = [];
  for (let n = 0; n < TRANSFERS; n += 1) {
    const id = await wallets.transfer(signal);
    if (id === undefined) return undefined;
    transfers.push(id);
  }
  const place = shard === 0 ? 'wallet-0' : 'wallet-1';
  let credit: Credit | undefined;
  await holdsWithin(
    JUDGE_LIMIT_MS,
    async () => {
      // An event that comes back under its old transaction number would not be copied any more.
      if (!(await isLogged(stack, transfers.at(-1)!, wallets.receiver))) return false;
      if (course !== 'lately') {
        await age(stack, wallets, transfers);
        // The first run looks at everything.
        if (!(await runReconciliation(stage, signal))) return false;
      }
      credit = await readCredit(stack, place, transfers.at(-1)!, wallets.receiver);
      return true;
    },
    signal,
  );
  return credit;
}

/**
 * Returns true once `isSo` holds, false if it does not hold after so many chances, and undefined if the signal or the time limit
 * comes before that.
 */
async function holdsWithinChances(
  isSo: () => Promise<boolean>,
  chances: number,
  chance: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const until = Date.now() + JUDGE_LIMIT_MS;
  for (let had = 0; !signal.aborted && Date.now() < until;) {
    const is = await isSo().catch(() => undefined);
    if (is === true) return true;
    if (is === false && had >= chances) return false;
    if (await chance().catch(() => false)) had += 1;
    else await pause(AGAIN_MS, signal);
  }
  return undefined;
}

/** Has a run of the reconciliation made; returns whether it came to its end. */
async function runReconciliation({ stack }: Stage, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(`${stack.api}/v1/reconciliation-runs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${readApiKey(stack.dataDir)}`,
      'idempotency-key': crypto.randomUUID(),
      prefer: 'wait=15',
    },
    signal: AbortSignal.any([signal, AbortSignal.timeout(RUN_LIMIT_MS)]),
  });
  const { status } = (await answer.json()) as { status?: string };
  return ['CLEAN', 'REPAIRED', 'FOUND'].includes(status ?? '');
}

/** Returns whether the stack was ready for as long as one watermark check takes to come. */
async function awaitWatermarkCheck({ stack }: Stage, signal: AbortSignal): Promise<boolean> {
  const isReady = async (): Promise<boolean> =>
    (await fetch(`${stack.api}/health/ready`, { signal: AbortSignal.timeout(LOOK_MS) })).ok;
  const wasReady = await isReady();
  await pause(LOOK_MS, signal);
  return wasReady && !signal.aborted && (await isReady());
}

async function openCases({ stack }: Stage, subjects: readonly string[]): Promise<number> {
  const statement = `SELECT FROM cases WHERE status = 'OPEN' AND subject = ANY($1)`;
  return (await stack.rows('transfer', statement, [subjects])).length;
}

async function endedTransfers({ stack }: Stage): Promise<number> {
  const [row] = await stack.rows<{ count: number }>(
    'transfer',
    `SELECT count(*)::int AS count FROM transfers WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED')`,
  );
  return row!.count;
}

/** A signal that aborts this long after the given one. */
function endsAfter(signal: AbortSignal, ms: number): AbortSignal {
  const later = new AbortController();
  const begin = (): void => void setTimeout(() => later.abort(), ms).unref();
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return later.signal;
}
