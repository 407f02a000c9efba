/**
 * Approvals in a run: transfers and batches that a policy demands votes for, those who vote, and policies that change meanwhile. What voters
 * were told is held against what is stored.
 */
import type { Approval, Client } from '../client/client.ts';
import { formatUnits } from '../domain/money.ts';
import { createApprovalBook } from './approval-book.ts';
import { createCourses } from './approval-courses.ts';
import { changePolicy, createVotes, readApproval } from './approval-votes.ts';
import { ABOVE, makeApprovalWorld, type ApprovalWorld } from './approval-world.ts';
import type { Book, Terms } from './book.ts';
import type { Clients } from './clients.ts';
import type { Draws } from './draws.ts';
import { batchOf, transferOf, type Operation } from './operation.ts';
import { pause } from './pause.ts';
import type { Stack } from './stack.ts';
import type { Violations } from './violations.ts';

export interface Approvals {
  /** Asks, votes and changes policies until the signal aborts; returns when the last request is answered. */
  readonly run: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /**
   * For a time without faults: votes on all that waits while `work` is done, and then compares what voters were told with what is
   * stored.
   */
  readonly decideDuring: <Result>(work: () => Promise<Result>, signal: AbortSignal) => Promise<Result>;
}

interface Surroundings {
  readonly stack: Stack;
  /** With the root key, which lets go what nobody else may vote on. */
  readonly api: Client;
  /** The same, for the time before any fault. */
  readonly patientApi: Client;
  readonly book: Book;
  readonly clients: Clients;
  readonly violations: Violations;
  readonly met: (what: string, howMany: number) => void;
}

const LANES = 4;
const PAUSE_MS_MAX = 300;
const POLICY_MS = { min: 1_500, max: 5_000 };
const TIMEOUT_MS = 10_000;
const AGAIN_MS = 300;
const PAGE = 50;
/** In whole units. */
const AMOUNT = { min: ABOVE[0] - 10, max: ABOVE[2] + 20 };
const LARGE = { min: ABOVE[2] + 1, max: AMOUNT.max };
/** Under each policy of the run, none of these alone needs an approval. */
const SMALL = { min: 5, max: ABOVE[0] };
const SHARE = { large: 0.5, scheduled: 0.35, burst: 0.25, batch: 0.2, mixed: 0.3, ofChangedPolicy: 0.75, mayEnd: 0.3 };
/** The kinds of approvals that the book is about. */
const OF_BOOK: readonly Approval['kind'][] = ['transfer', 'batch'];
const ITEMS = { min: 2, max: 6 };
const SCHEDULED_MS = { min: 1_000, max: 4_000 };

export async function openApprovals(surroundings: Surroundings, draws: Draws): Promise<Approvals> {
  const { stack, api, clients, violations, met } = surroundings;
  const world = await makeApprovalWorld(stack, surroundings.patientApi, surroundings.book, draws);
  const book = createApprovalBook(violations);
  const cast = createVotes(book, violations, met);
  const [first, second] = world.voters.map((keys, n) => keys.map((client) => ({ who: `voter ${n}`, client })));
  const root = { who: 'root', client: api };
  const askers = world.askers.map((client) => ({ who: 'asker', client }));
  // The book is of transfers and batches; the decision about a case, and a change of a policy, are held against their votes by the audit.
  const castOnChange = createVotes({ ...book, see: () => {}, voted: () => {} }, violations, met);
  // Only in some runs, because while there is no policy everything may move.
  const mayEnd = draws.chance(SHARE.mayEnd, 'may end');
  const those = { asker: askers[0]!, voters: [first![0]!, second![0]!], cast: castOnChange };
  const ofPolicy = { ...those, book, violations, met, mayEnd };
  const change = (own: Draws, signal: AbortSignal) => changePolicy(ofPolicy, own, signal);
  const of = { first: first!, second: second![0]!, stranger: world.stranger, root, askers, clients, violations };
  const course = createCourses({ ...of, cast, castInVain: castOnChange, changePolicy: change });
  let sequence = 0;

  const lane = async (lanes: Draws, signal: AbortSignal): Promise<void> => {
    for (let n = 0; !signal.aborted; n += 1) {
      const own = lanes.of(n);
      const sent = drawRequests(world, own, () => sequence++).map(async (operation, place) => {
        const conduct = own.of('conduct', place);
        const { id } = await clients.perform(operation, conduct, signal);
        const approval = await readApproval(book, first![0]!.client, id);
        if (approval !== undefined) await course(approval, conduct, signal);
      });
      await Promise.all(sent);
      await pause(own.whole(0, PAUSE_MS_MAX, 'pause'), signal);
    }
  };
  const decide = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const given = { signal: AbortSignal.timeout(TIMEOUT_MS) };
      const { data } = await api.approvals.list({ status: 'AWAITING', limit: PAGE }, given).catch(() => ({ data: [] }));
      for (const approval of data.filter(isNoGrant)) {
        const vote = OF_BOOK.includes(approval.kind) ? cast : castOnChange;
        const votes = await Promise.all([first!, second!].map(([voter]) => vote(voter!, 'approve', approval, signal)));
        // What the root key has asked for, nobody whose key it has made may approve.
        if (votes.includes('own_request')) await vote(root, 'override', approval, signal);
      }
      await pause(AGAIN_MS, signal);
    }
  };

  return {
    async run(own, signal) {
      const changing = async (): Promise<void> => {
        for (let n = 0; !signal.aborted; n += 1) {
          await pause(own.whole(POLICY_MS.min, POLICY_MS.max, 'policy', n), signal);
          if (!signal.aborted) await change(own.of('change', n), signal);
        }
      };
      await Promise.all([changing(), ...Array.from({ length: LANES }, (_, n) => lane(own.of('lane', n), signal))]);
    },
    async decideDuring(work, signal) {
      const done = new AbortController();
      const deciding = decide(AbortSignal.any([signal, done.signal]));
      try {
        const result = await work();
        await book.compare(stack);
        return result;
      } finally {
        done.abort();
        await deciding;
      }
    },
  };
}

/** So that the stranger stays one. */
const isNoGrant = ({ kind }: Approval): boolean => kind !== 'grant';

/** A batch, or transfers. */
function drawRequests(world: ApprovalWorld, draws: Draws, next: () => number): Operation[] {
  return (draws.chance(SHARE.batch, 'batch') ? drawBatch : drawTransfers)(world, draws, next);
}

/** One, or some at once, which the API may accept as a group. Each may be scheduled, and is asked for with either key. */
function drawTransfers(world: ApprovalWorld, draws: Draws, next: () => number): Operation[] {
  const size = draws.chance(SHARE.burst, 'burst') ? draws.whole(2, 5, 'size') : 1;
  return Array.from({ length: size }, (_, n) => {
    const own = draws.of('transfer', n);
    const inMs = own.whole(SCHEDULED_MS.min, SCHEDULED_MS.max, 'in');
    const isLater = own.chance(SHARE.scheduled, 'scheduled');
    const { operation } = transferOf(
      keyOf(own, next),
      isLater ? 'scheduled, for approval' : 'transfer for approval',
      drawTerms(world, own, drawCurrency(own), own.chance(SHARE.large, 'large') ? LARGE : AMOUNT),
      isLater ? { scheduled_at: new Date(Date.now() + inMs).toISOString() } : {},
    );
    return askedBy(world, own, operation);
  });
}

/** Mostly in one currency. Some need an approval by their sum alone. */
function drawBatch(world: ApprovalWorld, draws: Draws, next: () => number): Operation[] {
  const own = draws.of('batch');
  const currency = drawCurrency(own);
  const isMixed = own.chance(SHARE.mixed, 'mixed');
  const size = own.whole(ITEMS.min, ITEMS.max, 'items');
  const range = own.chance(SHARE.large, 'large') ? AMOUNT : SMALL;
  const items = Array.from({ length: size }, (_, n) => {
    const item = own.of('item', n);
    return drawTerms(world, item, isMixed ? drawCurrency(item) : currency, range);
  });
  return [askedBy(world, own, batchOf(keyOf(own, next), 'batch for approval', items).operation)];
}

function keyOf(draws: Draws, next: () => number): string {
  return `nemesis-approved-${draws.whole(0, 1e9, 'key')}-${next()}`;
}

function drawCurrency(draws: Draws): 'GBP' | 'CHF' {
  return draws.chance(SHARE.ofChangedPolicy, 'currency') ? 'GBP' : 'CHF';
}

function drawTerms(world: ApprovalWorld, draws: Draws, currency: 'GBP' | 'CHF', { min, max }: typeof AMOUNT): Terms {
  const [from, to] = draws.shuffled(world.wallets[currency], 'wallets') as [string, string];
  return { from, to, amount: formatUnits(BigInt(draws.whole(min, max, 'amount')) * 10_000n), currency };
}

function askedBy({ askers }: ApprovalWorld, draws: Draws, { asked, send }: Operation): Operation {
  const client = draws.from(askers, 'asker');
  return { asked, send: (_api, options) => send(client, options) };
}
