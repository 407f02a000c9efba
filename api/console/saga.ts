/**
 * A saga as it is drawn: lanes of services, and on each the legs with the verdict of their fence and the attempts at them. Built of what
 * each source has told; what is missing of one is missing here. Pure.
 */
import { z } from '@hono/zod-openapi';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import type { SeenEntry } from '../../domain/wallet/sight.ts';
import type { SeenActivity, SeenPending, SeenWorkflow } from '../../temporal/seen-workflow.ts';
import { amountAnswer, exampleMovementId, exampleWalletId, idAnswer, instantAnswer } from '../http/fields.ts';

const SERVICES = ['transfer', 'wallet', 'order', 'inventory', 'delivery', 'accounting'] as const;
type Service = (typeof SERVICES)[number];

const n = z.int().openapi({ example: 0, description: 'The consignment; 0 for the whole, and where it is not known.' });
const lane = z.string().openapi({ example: 'wallet-0' });

const attemptAnswer = z.object({
  ordinal: z.int().openapi({ example: 1, description: 'Within its activity.' }),
  activity: z.string().openapi({ example: 'debit' }),
  started_at: instantAnswer.nullable(),
  ended_at: instantAnswer.nullable(),
  outcome: z.enum(['completed', 'failed', 'timed_out', 'canceled', 'running']),
  error: z.string().nullable(),
});

const verdictAnswer = z.object({
  outcome: z.enum(['applied', 'rejected', 'canceled', 'done', 'refused', 'undone']),
  reason: z.string().nullable(),
  at: instantAnswer,
});

const legAnswer = z.object({
  leg: z.string().openapi({ example: 'debit' }),
  n,
  direction: z.enum(['forward', 'compensation']),
  compensates: z.string().nullable().openapi({ description: 'The leg that it undoes.' }),
  verdict: verdictAnswer.nullable().openapi({
    description:
      'What its fence has decided, for ever; null if nothing is decided, if it has no fence, or if its source is missing.',
  }),
  wallet_id: idAnswer(exampleWalletId).nullable(),
  amount: amountAnswer.nullable(),
  currency: z.string().nullable().openapi({ example: 'USD' }),
  movement_id: idAnswer(exampleMovementId).nullable(),
  attempts: z.array(attemptAnswer).openapi({
    description:
      'The last ones. Temporal keeps no times of the attempts between the first and the last at an activity.',
  }),
  attempt_count: z.int().openapi({ example: 1 }),
});

export const sagaAnswer = z
  .object({
    workflow: z
      .object({ workflow_id: z.string(), run_id: z.string(), status: z.string().openapi({ example: 'COMPLETED' }) })
      .nullable()
      .openapi({ description: 'The newest run. Null while Temporal is down, and once it keeps no history of it.' }),
    started_at: instantAnswer,
    deadline_at: instantAnswer.nullable(),
    ended_at: instantAnswer.nullable(),
    steps: z
      .array(z.object({ at: instantAnswer, step: z.string(), reason: z.string().nullable(), n }))
      .openapi({ description: 'What was written of it, the oldest first.' }),
    lanes: z.array(z.object({ lane, service: z.enum(SERVICES), legs: z.array(legAnswer) })),
    pending: z
      .array(
        z.object({
          ...{ activity: z.string(), leg: z.string(), n, lane },
          attempt: z.int().openapi({ example: 4 }),
          last_error: z.string().nullable(),
          last_started_at: instantAnswer.nullable(),
          next_try_at: instantAnswer.nullable(),
          state: z.enum(['scheduled', 'started', 'backing_off']),
        }),
      )
      .openapi({ description: 'The activities that have not ended, as Temporal says now.' }),
    entries: z.array(
      z.object({
        ...{ lane, movement_id: idAnswer(exampleMovementId) },
        wallet_id: idAnswer(exampleWalletId).nullable().openapi({ description: 'Null for the external wallet.' }),
        kind: z.enum(['user', 'external']),
        type: z.enum(['DEBIT', 'CREDIT', 'REFUND']),
        amount: amountAnswer,
        signed: amountAnswer.openapi({ example: '-25.0000' }),
        currency: z.string().openapi({ example: 'USD' }),
        sequence: z.int().openapi({ example: 7 }),
        at: instantAnswer,
      }),
    ),
    entries_sum: z
      .array(
        z.object({
          currency: z.string().openapi({ example: 'USD' }),
          sum: amountAnswer.openapi({ example: '0.0000' }),
        }),
      )
      .openapi({
        description: 'Of `signed`: zero once all money has arrived or is back, minus what is on its way before.',
      }),
  })
  .openapi('Saga');

export type Saga = z.input<typeof sagaAnswer>;
export type Leg = Saga['lanes'][number]['legs'][number];
type Verdict = NonNullable<Leg['verdict']>;

export interface Place {
  readonly lane: string;
  readonly service: Service;
  readonly leg: string;
  readonly n?: number;
}

interface Decided extends Place {
  readonly verdict: Verdict;
  readonly money?: Pick<Leg, 'wallet_id' | 'amount' | 'currency' | 'movement_id'>;
}

const NO_MONEY = { wallet_id: null, amount: null, currency: null, movement_id: null };

/** The legs that a kind of saga has, by their names: what undoes what. */
type Compensations = Readonly<Record<string, string>>;

interface LegBook {
  /** Draws a leg that is to come, or has been. */
  readonly expect: (place: Place, money?: Decided['money']) => void;
  readonly decide: (decided: Decided) => void;
  readonly attempt: (places: readonly Place[], activity: SeenActivity) => void;
  readonly lanes: () => Saga['lanes'];
}

/** Lanes and legs are in the order in which they are first named. */
export function createLegBook(compensations: Compensations): LegBook {
  const lanes = new Map<string, { readonly service: Service; readonly legs: Map<string, Leg> }>();
  const legAt = ({ lane: name, service, leg, n: of = 0 }: Place): Leg => {
    const own = lanes.get(name) ?? { service, legs: new Map<string, Leg>() };
    lanes.set(name, own);
    const key = `${leg} ${of}`;
    const undone = compensations[leg] ?? null;
    const found = own.legs.get(key) ?? {
      ...{ leg, n: of, direction: undone === null ? 'forward' : 'compensation', compensates: undone, verdict: null },
      ...{ ...NO_MONEY, attempts: [], attempt_count: 0 },
    };
    own.legs.set(key, found);
    return found;
  };
  return {
    expect: (place, money = NO_MONEY) => void Object.assign(legAt(place), money),
    decide: ({ verdict, money, ...place }) => void Object.assign(legAt(place), { verdict, ...money }),
    attempt(places, { name, attempts, attemptCount }) {
      for (const leg of places.map(legAt)) {
        leg.attempts.push(
          ...attempts.map(({ ordinal, startedMs, endedMs, outcome, error }) => ({
            ...{ ordinal, activity: name, outcome, error },
            ...{ started_at: instantOf(startedMs), ended_at: instantOf(endedMs) },
          })),
        );
        leg.attempt_count += attemptCount;
      }
    },
    lanes: () => [...lanes].map(([name, { service, legs }]) => ({ lane: name, service, legs: [...legs.values()] })),
  };
}

export function renderWorkflow(seen: SeenWorkflow | undefined): Saga['workflow'] {
  return seen === undefined ? null : { workflow_id: seen.workflowId, run_id: seen.runId, status: seen.status };
}

/** `placesOf` says to which legs an activity belongs. */
export function renderPending(
  pending: readonly SeenPending[],
  placesOf: (activity: { readonly name: string; readonly input: unknown }) => readonly Place[],
): Saga['pending'] {
  return pending.flatMap(({ activity, input, attempt, lastError, lastStartedMs, nextTryMs, state }) =>
    placesOf({ name: activity, input }).map(({ leg, lane: name, n: of = 0 }) => ({
      ...{ activity, leg, n: of, lane: name, attempt, last_error: lastError, state },
      ...{ last_started_at: instantOf(lastStartedMs), next_try_at: instantOf(nextTryMs) },
    })),
  );
}

export function renderEntries(
  entries: readonly SeenEntry[],
  laneOf: (shard: number) => string,
): Pick<Saga, 'entries' | 'entries_sum'> {
  const sums = new Map<string, bigint>();
  const rendered = entries.map(({ shard, ...entry }) => {
    const units = entry.type === 'DEBIT' ? -parseUnits(entry.amount) : parseUnits(entry.amount);
    sums.set(entry.currency, (sums.get(entry.currency) ?? 0n) + units);
    return { lane: laneOf(shard), ...entry, signed: formatUnits(units) };
  });
  return {
    entries: rendered,
    entries_sum: [...sums].map(([currency, sum]) => ({ currency, sum: formatUnits(sum) })),
  };
}

function instantOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
