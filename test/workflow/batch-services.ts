/**
 * The services' batch activities for workflow tests: the fences' rules over maps, item by item, with faults on request. Even
 * items are sent from shard 0 and received in shard 1, odd ones the other way round.
 */
import type { BatchTransferActivities } from '../../activities/transfer/batch.ts';
import type { BatchWalletActivities } from '../../activities/wallet/batch.ts';
import type { BatchProgress } from '../../domain/transfer/batch.ts';
import { formatIndexes, parseIndexes } from '../../domain/index-set.ts';
import type { LegAnswer, TransferEnd } from '../../domain/transfer/transfer.ts';
import type { FakeServices } from './services.ts';

type Activities = BatchWalletActivities & BatchTransferActivities;
export type BatchActivityName = keyof Activities;
type Leg = 'debit' | 'credit';

export interface FakeBatchServices {
  /** The activities, for withWorkers. */
  readonly services: FakeServices;
  readonly fences: Record<Leg, Map<number, LegAnswer<never>>>;
  readonly refunded: Set<number>;
  /** The end of each item, as first written. */
  readonly ends: Map<number, TransferEnd>;
  /** Every attempt, in order. */
  readonly attempts: BatchActivityName[];
  readonly attention: { reason: string; error: string }[];
  /** The most items in one call of each operation. */
  readonly itemsMax: Map<BatchActivityName, number>;
}

export interface BatchFaults {
  readonly itemCount: number;
  /** The reason with which the first attempt of an item's leg is refused; undefined for none. */
  readonly refuse?: (leg: Leg, index: number) => string | undefined;
  /** Called before an attempt takes effect; throws to make it fail. `nth` counts the attempts of that activity, from 1. */
  readonly before?: (name: BatchActivityName, nth: number) => Promise<void> | void;
  /** Called after an attempt took effect, before it is acknowledged. */
  readonly after?: (name: BatchActivityName, nth: number) => Promise<void> | void;
}

export function createBatchServices({ itemCount, refuse, before, after }: BatchFaults): FakeBatchServices {
  const fences = { debit: new Map<number, LegAnswer<never>>(), credit: new Map<number, LegAnswer<never>>() };
  const refunded = new Set<number>();
  const ends = new Map<number, TransferEnd>();
  const attempts: BatchActivityName[] = [];
  const attention: { reason: string; error: string }[] = [];
  const itemsMax = new Map<BatchActivityName, number>();

  const own = (leg: Leg, { places, shard }: { places: string; shard: number }): number[] =>
    parseIndexes(places).filter((index) => (index + (leg === 'debit' ? 0 : 1)) % 2 === shard);
  const decide = (leg: Leg, index: number, answer: LegAnswer<never>): LegAnswer<never> => {
    if (!fences[leg].has(index)) fences[leg].set(index, answer);
    return fences[leg].get(index)!;
  };
  const apply = (leg: Leg, index: number): LegAnswer<never> => {
    const reason = refuse?.(leg, index);
    return decide(
      leg,
      index,
      reason === undefined ? { outcome: 'applied' } : { outcome: 'rejected', reason: reason as never },
    );
  };
  const grouped = (indexes: number[], answerOf: (index: number) => LegAnswer<never>, expected: LegAnswer<never>) =>
    [...Map.groupBy(indexes, (index) => JSON.stringify(answerOf(index)))]
      .filter(([answer]) => answer !== JSON.stringify(expected))
      .map(([answer, of]) => ({ places: formatIndexes(of), answer: JSON.parse(answer) as LegAnswer<never> }));
  const APPLIED = { outcome: 'applied' } as const;

  const effects: Activities = {
    debitBatch: async (input) => grouped(own('debit', input), (index) => apply('debit', index), APPLIED),
    creditBatch: async (input) => {
      const asked = own('credit', input);
      const early = asked.find((index) => fences.debit.get(index)?.outcome !== 'applied');
      if (early !== undefined) throw new Error(`item ${early} is credited and was not debited`);
      return grouped(asked, (index) => apply('credit', index), APPLIED);
    },
    cancelBatchCredits: async (input) => {
      const canceled = { outcome: 'canceled', reason: input.reason } as const;
      return grouped(own('credit', input), (index) => decide('credit', index, canceled), canceled);
    },
    refundBatch: async (input) => {
      const asked = own('debit', input);
      const early = asked.find((index) => (fences.credit.get(index) ?? APPLIED).outcome === 'applied');
      if (early !== undefined) throw new Error(`item ${early} is refunded before its credit was canceled`);
      const canceled = { outcome: 'canceled', reason: input.reason } as const;
      const answers = grouped(asked, (index) => decide('debit', index, canceled), APPLIED);
      for (const index of asked) if (fences.debit.get(index)!.outcome === 'applied') refunded.add(index);
      return answers;
    },
    recordBatchEnds: async ({ places, ends: others }) => {
      const told = new Map(
        others.flatMap(({ places: at, end }) => parseIndexes(at).map((index) => [index, end] as const)),
      );
      for (const index of parseIndexes(places))
        if (!ends.has(index)) ends.set(index, told.get(index) ?? { status: 'COMPLETED' });
      return progressOf(ends, itemCount);
    },
    recordBatchAttention: async ({ reason, error }) => void attention.push({ reason, error }),
  };

  const withFaults = (name: BatchActivityName) => async (input: never) => {
    attempts.push(name);
    const { places = '' } = input as { places?: string };
    itemsMax.set(name, Math.max(itemsMax.get(name) ?? 0, parseIndexes(places).length));
    const nth = attempts.filter((other) => other === name).length;
    await before?.(name, nth);
    const answer = await (effects[name] as (input: never) => Promise<unknown>)(input);
    await after?.(name, nth);
    return answer;
  };
  const activities = Object.fromEntries(
    Object.keys(effects).map((name) => [name, withFaults(name as BatchActivityName)]),
  );
  return { services: { activities } as unknown as FakeServices, fences, refunded, ends, attempts, attention, itemsMax };
}

function progressOf(ends: ReadonlyMap<number, TransferEnd>, itemCount: number): BatchProgress {
  const completed = [...ends.values()].filter(({ status }) => status === 'COMPLETED').length;
  return { status: ends.size === itemCount ? 'COMPLETED' : 'PROCESSING', completed, failed: ends.size - completed };
}
