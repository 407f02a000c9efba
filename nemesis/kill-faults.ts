/**
 * Processes that die: any service and Temporal by SIGKILL, PostgreSQL as by `pg_ctl stop -m immediate`. The launcher heals each by
 * starting it again on its data.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind } from './fault.ts';
import { SERVICES } from './stack.ts';

const RESPAWN_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 60_000;

export const killFaults: readonly FaultKind[] = [
  {
    kind: 'service killed',
    weight: 3,
    draw: (draws) => {
      const name = draws.from(SERVICES, 'service');
      return killOf(
        name,
        'SIGKILL',
        draws.whole(1, 3, 'times'),
        `kill -9 ${name}`,
        'service killed',
        draws.whole(300, 2_000, 'between'),
      );
    },
  },
  {
    kind: 'PostgreSQL stopped',
    weight: 1,
    // The signal of `pg_ctl stop -m immediate`.
    draw: () => killOf('postgres', 'SIGQUIT', 1, 'stop PostgreSQL at once', 'PostgreSQL stopped', 0),
  },
  {
    kind: 'Temporal killed',
    weight: 1,
    draw: () => killOf('temporal', 'SIGKILL', 1, 'kill -9 temporal', 'Temporal killed', 0),
  },
];

function killOf(process: string, signal: NodeJS.Signals, times: number, name: string, kind: string, betweenMs: number) {
  return {
    name: times === 1 ? name : `${name}, ${times} times`,
    kind,
    lastsMs: 4_000 + times * (betweenMs + 1_000),
    async strike({ stack, recovered }, signalOfEnd) {
      for (let n = 0; n < times && !signalOfEnd.aborted; n += 1) {
        if (n > 0) await sleep(betweenMs, undefined, { signal: signalOfEnd }).catch(() => {});
        await stack.killAndAwaitNext(process, signal, RESPAWN_LIMIT_MS);
      }
      await stack.waitUntilReady(READY_LIMIT_MS);
      recovered(`${process} was started again`);
    },
  } satisfies ReturnType<FaultKind['draw']>;
}
