/**
 * The wallet and transfer services for workflow tests: the fences' rules over maps, with faults on request. The real fences are
 * tested in test/database; these only answer, so that the workflow is what is tested.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { TransferActivities } from '../../activities/transfer/transfer.ts';
import { createTransferAtOnce, type TransferAtOnceActivities } from '../../activities/transfer-at-once.ts';
import { createDebitAndCredit } from '../../activities/wallet/debit-and-credit.ts';
import type { WalletActivities } from '../../activities/wallet/wallet.ts';
import type {
  AbandonReason,
  AdvanceState,
  LegAnswer,
  PassingRefusal,
  TransferTerms,
} from '../../domain/transfer/transfer.ts';
import type { OrderActivity } from './order-faults.ts';

/** `debitAndCredit` is made of the others, as in production, so its parts are what is counted, and what fails. */
type Activities = Omit<WalletActivities, 'debitAndCredit'> & TransferActivities;
export type ActivityName = keyof Activities;
type Leg = 'debit' | 'credit' | 'transact';

export interface FakeServices {
  readonly activities: WalletActivities & TransferActivities & TransferAtOnceActivities;
  /** The fence of each leg. */
  readonly fences: Partial<Record<Leg, LegAnswer<never>>>;
  /** Whether the whole debit was given back to the sender. */
  readonly refunded: () => boolean;
  /** The statuses that were stored, in order. */
  readonly statuses: string[];
  /** Every attempt, in order. */
  readonly attempts: ActivityName[];
  readonly attention: { reason: string; error: string }[];
  /** The captured amount of a hold, once that is decided. */
  readonly captured: () => string | undefined;
  /** The settlements of the applied debit: the credited amount, and who got the rest. */
  readonly settled: { credited: string; to: 'sender' | 'external' }[];
  /** The outcome in the fence of the advance. */
  readonly advance: () => 'applied' | 'canceled' | undefined;
  /** The state of the advance that was passed when the end was written. */
  readonly advanceAtTheEnd: () => AdvanceState | undefined;
  /** When the debit was applied, if that was passed when the end was written: then the end adds the DEBITED step. */
  readonly debitedAtTheEnd: () => number | undefined;
  readonly resolutions: { action: string; actor: string; comment: string }[];
}

export interface Faults {
  /** Whether an earlier run has opened a case. */
  readonly neededAttention?: boolean;
  /** The reason with which the first attempt of a leg is refused. */
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
  let debitedAtTheEnd: number | undefined;
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
    recordTransferStatus: async ({ next, advance: known, debitedAtMs }) => {
      const isOpen = next.status === 'COMPLETED' && known === 'open' && (neededAttention || attention.length > 0);
      if (isOpen && stored?.status !== 'COMPLETED') return stored ?? { status: 'PENDING' };
      const rank = { PENDING: 0, DEBITED: 1, COMPLETED: 2, FAILED: 2, CANCELED: 2 };
      if (stored === undefined || rank[next.status] > rank[stored.status]) {
        stored = next;
        advanceAtTheEnd = known;
        debitedAtTheEnd = debitedAtMs;
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
    activities: {
      ...activities,
      ...createTransferAtOnce(activities),
      debitAndCredit: createDebitAndCredit(activities),
    },
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
    debitedAtTheEnd: () => debitedAtTheEnd,
  };
}

/** A fault as PostgreSQL's going away is one. */
export function unavailable(): ApplicationFailure {
  return ApplicationFailure.create({ type: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' });
}

/** Throws such a fault if this attempt is to fail. */
export function failIf(isFailing: boolean): void {
  if (isFailing) throw unavailable();
}

/**
 * Holds up one attempt of an activity, or those up to `lastNth`, as `before` or `after`: it is `reached`, and goes on once it is
 * released.
 */
export function holdUp<Name extends string = ActivityName | OrderActivity>(
  during: NoInfer<Name>,
  nth = 1,
  lastNth = nth,
) {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const hold = async (name: string, attempt: number): Promise<void> => {
    if (name !== during || attempt < nth || attempt > lastNth) return;
    reached.resolve();
    await gate.promise;
  };
  return { hold, reached: reached.promise, release: gate.resolve };
}
