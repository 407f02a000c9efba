/**
 * Faults of the connections between the services and their servers: slow, reset, refused, losing the answers, or ended by
 * PostgreSQL itself.
 */
import type { Draws } from './draws.ts';
import type { Fault, FaultKind, Stage } from './fault.ts';
import { pause } from './pause.ts';
import type { FaultProxy, Mode } from './proxy.ts';

type Server = keyof Stage['stack']['proxies'];
const SERVERS: readonly [Server, ...Server[]] = ['postgres', 'temporal'];
const TITLES: Readonly<Record<Server, string>> = { postgres: 'PostgreSQL', temporal: 'Temporal' };

/** A fault of the connections to one server that lasts for a while. */
function connectionFault(
  kind: string,
  weight: number,
  plan: (draws: Draws) => {
    readonly name: string;
    readonly forMs: number;
    /** Begins the fault. Call the returned function when it is over: it counts what the fault has met. */
    readonly begin: (proxy: FaultProxy, draws: Draws) => () => Record<string, number>;
  },
): FaultKind {
  return {
    kind,
    weight,
    draw: (draws): Fault => {
      const server = draws.from(SERVERS, 'server');
      const { name, forMs, begin } = plan(draws);
      return {
        name: `${TITLES[server]}: ${name} for ${(forMs / 1_000).toFixed(1)} s`,
        kind,
        lastsMs: forMs + 1_000,
        async strike({ stack, draws: own, log, met }, signal) {
          const proxy = stack.proxies[server];
          const end = begin(proxy, own);
          try {
            await pause(forMs, signal);
          } finally {
            proxy.pass();
          }
          const seen = Object.entries(end());
          log(seen.map(([what, howMany]) => `${howMany} ${what}`).join(', '));
          for (const [what, howMany] of seen) met(`${TITLES[server]}: ${what}`, howMany);
        },
      };
    },
  };
}

/** Begins a treatment; the returned function counts what it has met, by the proxy's own evidence. */
function treating(
  mode: Mode,
  share: number,
  tell: (proxy: FaultProxy, before: FaultProxy['evidence']) => Record<string, number>,
) {
  return (proxy: FaultProxy, draws: Draws) => {
    const before = structuredClone(proxy.evidence);
    let connection = 0;
    proxy.treat(mode, () => draws.chance(share, 'connection', connection++));
    return () => tell(proxy, before);
  };
}

const delayed = connectionFault('connections delayed', 1, (draws) => {
  const ms = draws.whole(5, 150, 'ms');
  return {
    name: `every piece ${ms} ms later`,
    forMs: draws.whole(2_000, 6_000, 'for'),
    begin: treating({ kind: 'delay', ms }, 1, ({ evidence }, before) => ({
      'pieces that came late': evidence.delayedChunks - before.delayedChunks,
    })),
  };
});

const reset = connectionFault('connections reset', 1, (draws) => {
  const share = draws.from([0.3, 0.6, 1], 'share');
  const everyMs = draws.whole(150, 800, 'every');
  return {
    name: `${share * 100}% of the connections reset every ${everyMs} ms`,
    forMs: draws.whole(1_000, 5_000, 'for'),
    begin(proxy, own) {
      let total = 0;
      let drawn = 0;
      const resetSome = (): void => {
        total += proxy.resetSome(() => own.chance(share, 'reset', drawn++));
      };
      resetSome();
      const timer = setInterval(resetSome, everyMs);
      return () => {
        clearInterval(timer);
        return { 'connections that were reset': total };
      };
    },
  };
});

const answersLost = connectionFault('answers lost', 2, (draws) => {
  const share = draws.from([0.3, 0.6, 1], 'share');
  const resetAfterMs = draws.whole(200, 6_000, 'reset after');
  return {
    name: `answers lost on ${share * 100}% of the connections`,
    forMs: draws.whole(500, 4_000, 'for'),
    begin: treating({ kind: 'blackhole', resetAfterMs }, share, ({ evidence }, before) => ({
      'bytes of answers that were lost': evidence.lostBytes - before.lostBytes,
      ...Object.fromEntries(
        Object.entries(evidence.lostAnswers)
          .filter(([operation]) => operation !== 'read')
          .map(([operation, count]) => [
            `answers to a committed ${operation} that were lost`,
            count - (before.lostAnswers[operation] ?? 0),
          ]),
      ),
    })),
  };
});

const refused = connectionFault('connections refused', 1, (draws) => ({
  name: 'every connection ended, and none let in',
  forMs: draws.whole(500, 5_000, 'for'),
  begin: treating({ kind: 'refuse' }, 1, ({ evidence }, before) => ({
    'connections that were reset': evidence.reset - before.reset,
    'connections that were refused': evidence.refused - before.refused,
  })),
}));

const TERMINATE_MS = 25;

/** Ends connections as an operator, a failover or a pooler would: those in the middle of a statement, sometimes any. */
const terminated: FaultKind = {
  kind: 'connections terminated',
  weight: 1,
  draw: (draws) => {
    const forMs = draws.whole(1_000, 4_000, 'for');
    const share = draws.from([0, 0.01, 0.05], 'share');
    return {
      name: `pg_terminate_backend on what the services ask, for ${(forMs / 1_000).toFixed(1)} s`,
      kind: 'connections terminated',
      lastsMs: forMs + 1_000,
      async strike({ stack, log, met }, signal) {
        let idle = 0;
        let active = 0;
        const untilMs = Date.now() + forMs;
        while (Date.now() < untilMs && !signal.aborted) {
          const ended = await stack
            .rows<{ was_active: boolean }>(
              'transfer',
              `SELECT state = 'active' AS was_active, pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE usename LIKE '%_service' AND (state = 'active' OR random() < $1)`,
              [share],
            )
            .catch(() => []);
          active += ended.filter(({ was_active }) => was_active).length;
          idle += ended.filter(({ was_active }) => !was_active).length;
          await pause(TERMINATE_MS, signal);
        }
        log(`${active} connections were terminated in the middle of a statement, and ${idle} idle ones`);
        met('connections terminated in the middle of a statement', active);
      },
    };
  },
};

export const connectionFaults: readonly FaultKind[] = [delayed, reset, answersLost, refused, terminated];
