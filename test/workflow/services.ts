/**
 * The wallet and transfer services for workflow tests: the fences' rules over maps, with faults on request. What real
 * fences do is proved in test/database; here they answer, so that what is tested is the workflow.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { TransferActivities } from '../../activities/transfer.ts';
import type { WalletActivities } from '../../activities/wallet.ts';
import type { AbandonReason, LegAnswer } from '../../domain/transfer.ts';

type Activities = WalletActivities & TransferActivities;
export type ActivityName = keyof Activities;
type Leg = 'debit' | 'credit' | 'transact';

export interface FakeServices {
  readonly activities: Activities;
  /** What each leg's fence holds. */
  readonly fences: Partial<Record<Leg, LegAnswer<never>>>;
  /** Signed ten-thousandths that each leg has moved: a refund adds to the debit's. */
  readonly refunded: () => boolean;
  /** The statuses that were stored, in order. */
  readonly statuses: string[];
  /** Every attempt, in order. */
  readonly attempts: ActivityName[];
  readonly attention: { reason: string; error: string }[];
}

export interface Faults {
  /** What a leg is refused with when it is first asked for. */
  readonly refuse?: Partial<Record<Leg, string>>;
  /** Called before an attempt takes effect; throws to make it fail. `nth` counts the attempts of that activity, from 1. */
  readonly before?: (name: ActivityName, nth: number) => Promise<void> | void;
  /** Called after an attempt took effect, before it is acknowledged. */
  readonly after?: (name: ActivityName, nth: number) => Promise<void> | void;
}

export function createServices({ refuse = {}, before, after }: Faults = {}): FakeServices {
  const fences: Partial<Record<Leg, LegAnswer<never>>> = {};
  const attempts: ActivityName[] = [];
  const attention: { reason: string; error: string }[] = [];
  const statuses: string[] = [];
  let refunds = 0;
  let stored: Awaited<ReturnType<Activities['recordTransferStatus']>> | undefined;
  let ended: Awaited<ReturnType<Activities['recordTransactionEnd']>> | undefined;

  const apply = (leg: Leg): LegAnswer<never> => {
    const reason = refuse[leg];
    return (fences[leg] ??=
      reason === undefined ? { outcome: 'applied' } : { outcome: 'rejected', reason: reason as never });
  };
  const cancel = (leg: Leg, reason: AbandonReason): LegAnswer<never> =>
    (fences[leg] ??= { outcome: 'canceled', reason });

  const effects: Activities = {
    debit: async () => apply('debit'),
    credit: async () => apply('credit'),
    transact: async () => apply('transact'),
    cancelCredit: async ({ reason }) => cancel('credit', reason),
    cancelTransaction: async ({ reason }) => cancel('transact', reason),
    refund: async ({ reason }) => {
      if (fences.credit === undefined || fences.credit.outcome === 'applied')
        throw new Error('a refund before the credit was canceled');
      const answer = cancel('debit', reason);
      if (answer.outcome === 'applied') refunds = 1;
      return answer;
    },
    recordTransferStatus: async ({ next }) => {
      const rank = { DEBITED: 1, COMPLETED: 2, FAILED: 2, CANCELED: 2 };
      if (stored === undefined || rank[next.status] > rank[stored.status]) {
        stored = next;
        statuses.push(next.status);
      }
      return stored;
    },
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
  return { activities, fences, attempts, attention, statuses, refunded: () => refunds === 1 };
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
