/** The stages of a run's faults, and the faults themselves, each in its lane and at its time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import type { KafkaBroker } from '../dev/kafka-broker.ts';
import type { Book } from './book.ts';
import type { Clients } from './clients.ts';
import type { Stage } from './fault.ts';
import type { Observer } from './observer.ts';
import type { Operator } from './operator.ts';
import { overload } from './overload.ts';
import { openOwnWallets } from './own-wallets.ts';
import type { Receivers } from './receivers.ts';
import type { ScheduledFault } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { Tenants } from './tenants.ts';
import type { Violations } from './violations.ts';
import type { World } from './world.ts';

interface Services {
  readonly stack: Stack;
  readonly api: Client;
  readonly book: Book;
  readonly world: World;
  readonly clients: Clients;
  readonly tenants: Pick<Tenants, 'recent'>;
  readonly observer: Observer;
  readonly operator: Operator;
  readonly receivers: Receivers | undefined;
  readonly broker: KafkaBroker | undefined;
  readonly violations: Violations;
  readonly say: (line: string) => void;
  readonly recovered: Stage['recovered'];
  readonly met: Stage['met'];
}

/** Returns the stage of each fault. */
export function stages(services: Services): (scheduled: ScheduledFault) => Stage {
  const { stack, book, world, clients, tenants, operator, receivers, broker, violations, say, recovered, met } =
    services;
  return ({ fault, draws: own }) => ({
    ...{ stack, receivers, broker, recovered, met },
    draws: own.of('strike'),
    workload: {
      overload: (overloadSeconds, overloadSignal) =>
        overload(clients, book, world, own.of('overload'), overloadSeconds, overloadSignal),
      recentMovements: tenants.recent,
      ownWallets: (receiverShard, given) => openOwnWallets(services, own.of('own wallets'), receiverShard, given),
      operator,
    },
    log: (line) => say(`  ${fault.name}: ${line}`),
    violation: (detail) => violations.report('fault', undefined, `${fault.name}: ${detail}`),
  });
}

/** Each lane's faults in their order; returns when all that have begun are healed.  */
export async function strikeAll(
  schedule: readonly ScheduledFault[],
  startedAtMs: number,
  signal: AbortSignal,
  stageOf: (scheduled: ScheduledFault) => Stage,
  struck: (fault: ScheduledFault['fault']) => void,
  failed: (fault: ScheduledFault['fault'], error: unknown) => void,
  say: (line: string) => void,
): Promise<void> {
  const lanes = Map.groupBy(schedule, ({ lane }) => lane);
  const strikeLane = async (scheduled: readonly ScheduledFault[]): Promise<void> => {
    for (const each of scheduled) {
      await sleep(Math.max(0, startedAtMs + each.atMs - Date.now()), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      say(`  ${((Date.now() - startedAtMs) / 1_000).toFixed(1).padStart(5)} s  ${each.fault.name}`);
      struck(each.fault);
      try {
        await each.fault.strike(stageOf(each), signal);
      } catch (error) {
        // A process that does not come back is as much a finding as one that comes back wrong.
        failed(each.fault, error);
      }
    }
  };
  await Promise.all([...lanes.values()].map(strikeLane));
}
