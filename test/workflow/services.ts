/**
 * The wallet and transfer services for workflow tests: the fences' rules over maps, with faults on request. What real
 * fences do is proved in test/database; here they answer, so that what is tested is the workflow.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { TransferActivities } from '../../activities/transfer/transfer.ts';
import { createTransferAtOnce, type TransferAtOnceActivities } from '../../activities/transfer-at-once.ts';
import type { WalletActivities } from '../../activities/wallet/wallet.ts';
import type {
  AbandonReason,
  AdvanceState,
  LegAnswer,
  PassingRefusal,
  TransferTerms,
} from '../../domain/transfer/transfer.ts';

type Activities = WalletActivities & TransferActivities;
export type ActivityName = keyof Activities;
type Leg = 'debit' | 'credit' | 'transact';

export interface FakeServices {
  readonly activities: Activities & TransferAtOnceActivities;
  /** What each leg's fence holds. */
  readonly fences: Partial<Record<Leg, LegAnswer<never>>>;
  /** Signed ten-thousandths that each leg has moved: a refund adds to the debit's. */
  readonly refunded: () => boolean;
  /** The statuses that were stored, in order. */
  readonly statuses: string[];
  /** Every attempt, in order. */
  readonly attempts: ActivityName[];
  readonly attention: { reason: string; error: string }[];
  /** What was captured of a hold, once it is decided. */
  readonly captured: () => string | undefined;
  /** Each settlement of the debit that was applied: who got what was not credited. */
  readonly settled: { credited: string; to: 'sender' | 'external' }[];
  /** What the fence of the advance holds, and what operators asked for. */
  readonly advance: () => 'applied' | 'canceled' | undefined;
  /** What was known of the advance when an end was written that asks for it. */
  readonly advanceAtTheEnd: () => AdvanceState | undefined;
  readonly resolutions: { action: string; actor: string; comment: string }[];
}

export interface Faults {
  /** A run before has opened a case. */
  readonly neededAttention?: boolean;
  /** What a leg is refused with when it is first asked for. */
  readonly refuse?: Partial<Record<Leg, string>>;
  /** Why the receiver cannot be credited now; a test may change it. */
  readonly unreceivable?: { reason?: PassingRefusal };
  /** Called before an attempt takes effect; throws to make it fail. `nth` counts the attempts of that activity, from 1. */
  readonly before?: (name: ActivityName, nth: number) => Promise<void> | void;
  /** Called after an attempt took effect, before it is acknowledged. */
  readonly after?: (name: ActivityName, nth: number) => Promise<void> | void;
}

export function createServices({
  refuse = {},
  unreceivable = {},
  neededAttention = false,
  before,
  after,
}: Faults = {}): FakeServices {
  const fences: Partial<Record<Leg, LegAnswer<never>>> = {};
  const attempts: ActivityName[] = [];
  const attention: { reason: string; error: string }[] = [];
  const statuses: string[] = [];
  const resolutions: { action: string; actor: string; comment: string }[] = [];
  const settled: { credited: string; to: 'sender' | 'external' }[] = [];
  let captured: string | undefined;
  let advance: 'applied' | 'canceled' | undefined;
  let advanceAtTheEnd: AdvanceState | undefined;
  let stored: Awaited<ReturnType<Activities['recordTransferStatus']>> | undefined;
  let ended: Awaited<ReturnType<Activities['recordTransactionEnd']>> | undefined;

  const apply = (leg: Leg): LegAnswer<never> => {
    const reason = refuse[leg];
    return (fences[leg] ??=
      reason === undefined ? { outcome: 'applied' } : { outcome: 'rejected', reason: reason as never });
  };
  const cancel = (leg: Leg, reason: AbandonReason): LegAnswer<never> =>
    (fences[leg] ??= { outcome: 'canceled', reason });

  const settle = (
    { terms, credited, reason }: { terms: TransferTerms; credited: string; reason: AbandonReason },
    to: 'sender' | 'external',
  ): LegAnswer<never> => {
    const isCredited = fences.credit?.outcome === 'applied';
    if (fences.credit === undefined || isCredited !== Number(credited) > 0)
      throw new Error('the debit is settled before the credit is, or otherwise');
    const answer = cancel('debit', reason);
    const isNew = settled.length === 0;
    if (answer.outcome === 'applied' && isNew)
      settled.push({
        credited,
        to: Number(credited) < Number(terms.amount) && advance === 'applied' ? 'external' : to,
      });
    return answer;
  };

  const effects: Activities = {
    debit: async () => apply('debit'),
    credit: async () => apply('credit'),
    transact: async () => apply('transact'),
    passingCreditRefusal: async () => unreceivable.reason ?? null,
    cancelCredit: async ({ reason }) => cancel('credit', reason),
    cancelTransaction: async ({ reason }) => cancel('transact', reason),
    refund: async (settlement) => settle(settlement, 'sender'),
    writeOff: async (settlement) => settle(settlement, 'external'),
    advance: async () => {
      if (settled.length === 0) advance ??= 'applied';
      return advance === 'applied';
    },
    cancelAdvance: async () => (advance ??= 'canceled'),
    recordTransferStatus: async ({ next, advance: known }) => {
      const isOpen = next.status === 'COMPLETED' && known === 'open' && (neededAttention || attention.length > 0);
      if (isOpen && stored?.status !== 'COMPLETED') return stored ?? { status: 'PENDING' };
      const rank = { PENDING: 0, DEBITED: 1, COMPLETED: 2, FAILED: 2, CANCELED: 2 };
      if (stored === undefined || rank[next.status] > rank[stored.status]) {
        stored = next;
        advanceAtTheEnd = known;
        statuses.push(next.status);
      }
      return { ...stored, ...(captured === undefined ? {} : { capturedAmount: captured }) };
    },
    decideCapture: async ({ amount }) => (captured ??= amount),
    recordCaseAction: async ({ action, actor, comment }) => resolutions.push({ action, actor, comment }) > 0,
    recordTransactionEnd: async ({ end }) => {
      if (ended === undefined) statuses.push(end.status);
      return (ended ??= end);
    },
    recordTransferAttention: async ({ reason, error }) => void attention.push({ reason, error }),
    recordTransactionAttention: async ({ reason, error }) => void attention.push({ reason, error }),
  };

  const withFaults = (name: ActivityName) => async (input: never) => {
    attempts.push(name);
    const nth = attempts.filter((other) => other === name).length;
    await before?.(name, nth);
    const answer = await (effects[name] as (input: never) => Promise<unknown>)(input);
    await after?.(name, nth);
    return answer;
  };
  const activities = Object.fromEntries(
    Object.keys(effects).map((name) => [name, withFaults(name as ActivityName)]),
  ) as unknown as Activities;
  return {
    // Made of the others, as in production: its parts are what is counted, and what fails.
    activities: { ...activities, ...createTransferAtOnce(activities) },
    fences,
    attempts,
    attention,
    statuses,
    settled,
    resolutions,
    refunded: () => settled.some(({ credited, to }) => to === 'sender' && Number(credited) === 0),
    captured: () => captured,
    advance: () => advance,
    advanceAtTheEnd: () => advanceAtTheEnd,
  };
}

/** A fault as PostgreSQL's going away is one. */
export function unavailable(): ApplicationFailure {
  return ApplicationFailure.create({ type: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' });
}

/** Holds up one attempt of an activity, as `before` or `after`: it is `reached`, and goes on once it is released. */
export function holdUp(during: ActivityName, nth = 1) {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const hold = async (name: ActivityName, attempt: number): Promise<void> => {
    if (name !== during || attempt !== nth) return;
    reached.resolve();
    await gate.promise;
  };
  return { hold, reached: reached.promise, release: gate.resolve };
}
