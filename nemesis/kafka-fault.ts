/** What comes between the log and Kafka: the broker is killed and started again, or the publisher between an acknowledgement and its cursor. */
import type { FaultKind, Stage } from './fault.ts';
import { pause, untilDone } from './pause.ts';
import { catchOne, killHolding } from './point-faults.ts';
import type { Wanted } from './proxy.ts';
import { inTurn } from './turns.ts';

const WORKER = 'worker-events';
/** A publisher that has waited for a broker tries it again every few seconds. */
const CATCH_LIMIT_MS = 20_000;
const DOWN_MS = { min: 500, max: 8_000 };

const isCursorOfKafka: Wanted = ({ operation, parameters }) =>
  operation === 'log_cursor' && parameters().includes('kafka');

/** Of a run with a broker alone. */
export const kafkaFault: FaultKind = {
  kind: 'Kafka cut off',
  weight: 3,
  draw: (draws) => {
    const victim = draws.from(['broker', 'publisher'] as const, 'operation');
    const point = draws.from(['before', 'after'] as const, 'point');
    const downMs = draws.whole(DOWN_MS.min, DOWN_MS.max, 'down');
    const isBroker = victim === 'broker';
    return {
      name: isBroker
        ? `kill -9 of the Kafka broker for ${(downMs / 1_000).toFixed(1)} s`
        : `kill -9 ${WORKER} between Kafka’s acknowledgement and its cursor${point === 'after' ? ', once that is committed' : ''}`,
      kind: 'Kafka cut off',
      lastsMs: isBroker ? downMs + 6_000 : 6_000,
      // Nothing is acknowledged while the broker is down.
      strike: (stage, signal) =>
        inTurn(stage.stack, 'Kafka', () =>
          isBroker ? killBroker(stage, downMs, signal) : killPublisher(stage, point, signal),
        ),
    };
  },
};

async function killBroker({ broker, met, recovered }: Stage, downMs: number, signal: AbortSignal): Promise<void> {
  if (broker === undefined) return;
  await broker.kill();
  try {
    await pause(downMs, signal);
  } finally {
    await untilDone(async () => {
      // One that has not come up in time is not waited for again.
      await broker.kill();
      await broker.start();
    });
  }
  met('Kafka brokers that were killed', 1);
  recovered('the Kafka broker was started again');
}

async function killPublisher(
  { stack, draws, log, met, recovered }: Stage,
  point: 'before' | 'after',
  signal: AbortSignal,
): Promise<void> {
  const caught = await catchOne(stack.proxies.postgres.catchNext, point, isCursorOfKafka, signal, CATCH_LIMIT_MS);
  if (caught === undefined) return log('nothing was published');
  await killHolding(stack, WORKER, { point, caught }, draws);
  met('publishers killed between Kafka’s acknowledgement and their cursor', 1);
  recovered(`${WORKER} was started again`);
}
