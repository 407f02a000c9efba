/**
 * Receivers of webhooks that are slow, refuse, reset, are gone, or lie; and the worker that delivers, killed between a delivery and the
 * move of its cursor, or between a refusal and its record.
 */
import { cacheDirectory } from '../dev/cache.ts';
import type { Fault, FaultKind, Stage } from './fault.ts';
import { holdsWithin, pause, untilDone } from './pause.ts';
import { catchOne, killHolding } from './point-faults.ts';
import type { Point, Wanted } from './proxy.ts';
import type { Conduct } from './receiver.ts';
import { openReceivers, type Receivers, type Subscriber } from './receivers.ts';
import { inTurn } from './turns.ts';
import type { Violations } from './violations.ts';

const WORKER = 'worker-events';
const FOR_MS = { min: 2_000, max: 6_000 };
/** Some of these are longer than the build's time-out of three seconds. */
const SLOW_MS = { min: 200, max: 4_500 };
const DISABLED_LIMIT_MS = 20_000;
/** Within an answer's time-out, and so long that more events wait for their turn than have been sent. */
const HELD_BACK_MS = 1_500;
const BUILD_UP_MS = 1_500;
const CATCH_LIMIT_MS = 15_000;

const HARMS = ['slow', 'refuses', 'resets', 'dead', 'gone', 'lies'] as const;
type Harm = (typeof HARMS)[number];

const receiverHurt: FaultKind = {
  kind: 'receiver hurt',
  weight: 2,
  draw: (draws) => {
    const harm = draws.from(HARMS, 'operation');
    // What was dropped is replayed, and a replay keeps no order with what has not been sent yet.
    const who = harm === 'lies' ? 'loose' : draws.from(['frail', 'loose'] as const, 'receiver');
    const forMs = draws.whole(FOR_MS.min, FOR_MS.max, 'for');
    const slowMs = draws.whole(SLOW_MS.min, SLOW_MS.max, 'slow');
    const told: Readonly<Record<Harm, string>> = {
      slow: `answers after ${(slowMs / 1_000).toFixed(1)} s`,
      refuses: 'answers two of three with 503',
      resets: 'resets what it has read',
      dead: 'refuses connections',
      gone: 'answers 410, until its endpoint is disabled',
      lies: 'accepts and drops, until it asks for a replay',
    };
    return {
      name: `the ${who} receiver ${told[harm]}, for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'receiver hurt',
      lastsMs: forMs + 2_000,
      strike: (stage, signal) =>
        inTurn(stage.stack, who, () => hurt(stage, stage.receivers![who], { harm, forMs, slowMs }, signal)),
    };
  },
};

async function hurt(
  stage: Stage,
  receiver: Subscriber,
  { harm, forMs, slowMs }: { readonly harm: Harm; readonly forMs: number; readonly slowMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { met } = stage;
  const before = { ...receiver.counts };
  const during = async (conduct: Conduct): Promise<void> => {
    receiver.behave(conduct);
    try {
      await pause(forMs, signal);
    } finally {
      receiver.behave({ kind: 'accepts' });
    }
  };
  const count = (what: keyof typeof before, name: string): void => met(name, receiver.counts[what] - before[what]);
  switch (harm) {
    case 'slow':
      await during({ kind: 'accepts', afterMs: slowMs });
      return count('accepted', 'webhooks that a slow receiver has accepted');
    case 'refuses':
      await during({ kind: 'refuses', status: 503, but: 3 });
      return count('refused', 'webhooks that a receiver has refused');
    case 'resets':
      await during({ kind: 'resets' });
      return count('reset', 'webhooks that a receiver has read and not answered');
    case 'dead':
      await receiver.shut();
      try {
        await pause(forMs, signal);
      } finally {
        await receiver.open();
      }
      return met('receivers that were down', 1);
    case 'gone':
      return leave(stage, receiver, forMs, signal);
    case 'lies':
      await during({ kind: 'lies' });
      count('dropped', 'webhooks that a receiver has accepted and dropped');
      return replayDropped(stage, receiver);
    default:
      harm satisfies never;
  }
}

/** Answers 410 until the endpoint is disabled, and has it enabled again after a while. */
async function leave({ log, met }: Stage, receiver: Subscriber, forMs: number, signal: AbortSignal): Promise<void> {
  const isDisabled = async (): Promise<boolean> => (await receiver.status()) === 'DISABLED';
  receiver.behave({ kind: 'refuses', status: 410 });
  try {
    if (!(await holdsWithin(DISABLED_LIMIT_MS, isDisabled, signal))) return log('its endpoint was not disabled');
    met('endpoints that were disabled because their receiver was gone', 1);
    await pause(forMs, signal);
  } finally {
    receiver.behave({ kind: 'accepts' });
    // It may be disabled by an answer that is still on its way, too: then the drain enables it.
    await untilDone(async () => void ((await isDisabled()) && (await receiver.enable())));
  }
}

async function replayDropped({ met }: Stage, receiver: Subscriber): Promise<void> {
  const dropped = receiver.dropped();
  if (dropped.length === 0) return;
  await untilDone(() => receiver.replay(dropped[0]!, dropped.at(-1)!));
  met('webhooks that a receiver has lost and asked for again', dropped.length);
}

const MOMENTS = {
  webhook_cursor: {
    what: 'between deliveries and the move of their cursor',
    conduct: { kind: 'accepts', afterMs: HELD_BACK_MS },
  },
  webhook_failure: {
    what: 'between a refusal and its record',
    conduct: { kind: 'refuses', status: 503, but: 2 },
  },
} as const satisfies Record<string, { readonly what: string; readonly conduct: Conduct }>;

export const webhookWorkerKilled: FaultKind = {
  kind: 'webhook worker killed',
  weight: 1,
  draw: (draws) => {
    const operation = draws.from(['webhook_cursor', 'webhook_failure'] as const, 'operation');
    const point = draws.from(['before', 'after'] as const, 'point');
    const { what } = MOMENTS[operation];
    return {
      name: `kill -9 ${WORKER} ${what}${point === 'after' ? ', once that is committed' : ''}`,
      kind: 'webhook worker killed',
      lastsMs: 9_000,
      strike: (stage, signal) => inTurn(stage.stack, 'frail', () => killDelivering(stage, operation, point, signal)),
    } satisfies Fault;
  },
};

/** The receiver's conduct lasts until the worker is back, so that what it had sent was not all that there was. */
async function killDelivering(
  { stack, draws, receivers, log, met, recovered }: Stage,
  operation: keyof typeof MOMENTS,
  point: Point,
  signal: AbortSignal,
): Promise<void> {
  const { what, conduct } = MOMENTS[operation];
  const { frail } = receivers!;
  const isOfFrail: Wanted = (statement) =>
    statement.operation === operation &&
    statement.application === 'counterpoise-webhooks' &&
    statement.parameters().includes(frail.endpointId);
  frail.behave(conduct);
  try {
    await pause(BUILD_UP_MS, signal);
    const caught = await catchOne(stack.proxies.postgres.catchNext, point, isOfFrail, signal, CATCH_LIMIT_MS);
    if (caught === undefined) return log(`no ${operation} came`);
    const underWay = frail.underWay();
    await killHolding(stack, WORKER, { point, caught }, draws);
    met(`workers killed ${what}`, 1);
    met('webhooks that were under way when their worker was killed', underWay);
    recovered(`${WORKER} was started again`);
  } finally {
    frail.behave({ kind: 'accepts' });
  }
}

export const webhookFaults: readonly FaultKind[] = [receiverHurt, webhookWorkerKilled];

/**
 * They take as much of the machine as the movements do, so there are none unless webhooks are hurt. A kind that is drawn in one way
 * only (drawnWith) is another object of the same name.
 */
export async function openReceiversFor(
  kinds: readonly FaultKind[],
  stack: Stage['stack'],
  owners: Parameters<typeof openReceivers>[1],
  violations: Violations,
  environment: NodeJS.ProcessEnv,
): Promise<Receivers | undefined> {
  if (!kinds.some(({ kind }) => webhookFaults.some((fault) => fault.kind === kind))) return undefined;
  return openReceivers(stack, owners, violations, cacheDirectory(environment['XDG_CACHE_HOME']));
}
