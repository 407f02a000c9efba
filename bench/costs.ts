/**
 * What being watched and guarded costs: processes that differ in one setting from how they are by default. A few per cent are less than
 * what a machine's speed changes by from one minute to the next, so all of them run at once, each on databases of its own, and are asked
 * in turns of a few seconds.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unlessInterrupted } from '../dev/infrastructure.ts';
import type { BenchStack } from './bench-stack.ts';
import { closedLoop, type LoopOptions } from './closed-loop.ts';
import { counterpoise } from './counterpoise.ts';
import { anotherGround, type Bench } from './ground.ts';
import { watchCost } from './single.ts';
import type { Subject } from './subject.ts';
import { inTurns, type Measured, type RoundsOptions, type Turn } from './turns.ts';

/** Where a transfer is cheapest, so that anything else costs the greatest part. */
const DISPATCH = 'local';
const AT_ONCE = 50;
/** The time at the beginning of each turn until all calls are under way. */
const RAMP_UP_SECONDS = 0.5;
const TRACED_SHARE = '0.1';

export const COST_NAMES: Readonly<Record<string, string>> = {
  'cost-default': 'as it is by default',
  'cost-counted': 'with metrics',
  'cost-traced': 'with traces of one in ten',
  'cost-unauthenticated': 'without authentication',
  'cost-encrypted': 'with encrypted payloads',
};

export async function measureCosts(
  { stack, plan: { costs }, interrupt }: Bench,
  options: Omit<RoundsOptions, 'rounds' | 'interrupt'>,
): Promise<Measured[]> {
  const receiver = await startReceiver();
  const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'cost-default': {},
    'cost-counted': { METRICS_PORT: '0' },
    'cost-traced': {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
      OTEL_TRACES_SAMPLER_ARG: TRACED_SHARE,
    },
    'cost-unauthenticated': { AUTH: 'off' },
    'cost-encrypted': { PAYLOAD_KEYS: `bench:${randomBytes(32).toString('base64')}` },
  };
  const subjects: Subject[] = [];
  try {
    const turns: Turn[] = [];
    for (const [id, own] of Object.entries(settings)) {
      options.tell(`opening ${COST_NAMES[id]!}`);
      const ground = await anotherGround(stack, id, { shards: 2 });
      const kind = { id, name: COST_NAMES[id]!, dispatch: DISPATCH, isBeside: true, settings: own } as const;
      const subject = await counterpoise(stack, kind).open(ground);
      subjects.push(subject);
      const loop = (options: Omit<LoopOptions, 'atOnce'>) =>
        unlessInterrupted(interrupt, closedLoop(subject.once, { atOnce: AT_ONCE, ...options }));
      await loop({ seconds: 0, warmUpSeconds: costs.warmUpSeconds });
      turns.push({
        name: kind.name,
        async run() {
          const watch = watchCost(() => serversOf(stack), subject);
          const turn = { seconds: costs.seconds, warmUpSeconds: RAMP_UP_SECONDS, atEdge: watch.atEdge };
          const figures = await loop(turn);
          return [{ id, ...figures, cost: await watch.cost(figures.count) }];
        },
      });
    }
    return await inTurns(turns, { ...options, rounds: costs.rounds, interrupt });
  } finally {
    await Promise.all(subjects.map((subject) => subject.close()));
    receiver.closeAllConnections();
    receiver.close();
  }
}

function serversOf({ infrastructure }: BenchStack): Record<string, number> {
  const { postgres, temporal } = infrastructure.supervisor.running();
  return { PostgreSQL: postgres!.pid, Temporal: temporal!.pid };
}

/** Takes whatever spans it is sent. */
async function startReceiver(): Promise<Server> {
  const receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  return receiver;
}
