/** What a process says of itself among the metrics, read at each scrape: its version, its load, its connections. */
import { Counter, type Registry } from 'prom-client';
import manifest from '../package.json' with { type: 'json' };
import { readAtScrape } from './metric.ts';

/** A connection pool, as far as its gauge shows it. */
export interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** `pools` are by name; those of one name are summed. */
export function declareProcess(registry: Registry, pools: ReadonlyMap<string, ReadonlySet<Pool>>): void {
  const read = <Name extends string>(
    name: string,
    help: string,
    labelNames: readonly Name[],
    values: () => Iterable<readonly [Readonly<Record<Name, string>>, number]>,
  ): void => readAtScrape(registry, { name, help }, labelNames, values);
  const only = (value: number) => [[{}, value]] as const;
  const states = ['busy', 'idle', 'waiting'] as const;

  read('counterpoise_build_info', 'Always 1: which version runs, on which Node.', ['version', 'node'], () => [
    [{ version: manifest.version, node: process.version }, 1],
  ]);
  read(
    'counterpoise_pool_connections',
    'Connections of a pool that are busy or idle, and callers that wait for one.',
    ['pool', 'state'],
    () =>
      [...pools].flatMap(([pool, each]) =>
        states.map((state) => [{ pool, state }, connectionsOf(each, state)] as const),
      ),
  );
  read('process_resident_memory_bytes', 'Resident memory of the process.', [], () => only(process.memoryUsage.rss()));
  read('process_start_time_seconds', 'When the process was started, in seconds since 1970.', [], () =>
    only(performance.timeOrigin / 1_000),
  );
  let before = performance.eventLoopUtilization();
  read(
    'nodejs_eventloop_utilization_ratio',
    'The part of the time since the last scrape in which JavaScript ran.',
    [],
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return only(utilization);
    },
  );
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU seconds of the process, user and system.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });
}

function connectionsOf(pools: ReadonlySet<Pool>, state: 'busy' | 'idle' | 'waiting'): number {
  let sum = 0;
  for (const { totalCount, idleCount, waitingCount } of pools)
    sum += state === 'waiting' ? waitingCount : state === 'idle' ? idleCount : totalCount - idleCount;
  return sum;
}
