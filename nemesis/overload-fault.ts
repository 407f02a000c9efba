/**
 * An overload of ten times the rate that the stack can carry, for a minute. The stack must refuse the excess with 429 or 503, keep
 * its memory bounded, and lose nothing that it accepted; the comparison at the end of the run checks the last point.
 */
import { execFileSync } from 'node:child_process';
import type { FaultKind, Stage } from './fault.ts';
import { SERVICES } from './stack.ts';

const FOR_SECONDS = 60;
const SAMPLE_MS = 500;
/**
 * The bound for one service, for what grows with each request that is refused. An idle one has some 120 to 200 MB, and a process of
 * everything with 500 transfers at once was seen to stay at 1,010, for V8 collects the later the more it has: 700 was too little on a fast machine.
 */
const MEMORY_MAX_MB = 1_200;

export const overloadFault: FaultKind = {
  kind: 'overload',
  weight: 0.2,
  draw: () => ({
    name: `ten times the rate for ${FOR_SECONDS} s`,
    kind: 'overload',
    lastsMs: (FOR_SECONDS + 5) * 1_000,
    async strike(stage, signal) {
      const { workload, log, violation, recovered } = stage;
      const memory = watchMemory(stage);
      try {
        const { sent, accepted, shed, unanswered, ratePerSecond } = await workload.overload(FOR_SECONDS, signal);
        log(
          `overload: ${sent} sent at ${ratePerSecond.toFixed(0)}/s, ${accepted} accepted, ${shed} refused for now, ${unanswered} unanswered`,
        );
        if (shed > 0) recovered('the stack shed load and went on');
      } finally {
        const peaks = memory.stop();
        log(`most memory: ${[...peaks].map(([name, megabytes]) => `${name} ${megabytes} MB`).join(', ')}`);
        for (const [name, megabytes] of peaks)
          if (megabytes > MEMORY_MAX_MB)
            violation(`${name} took ${megabytes} MB under overload, at most ${MEMORY_MAX_MB} MB are bounded`);
      }
    },
  }),
};

/** Watches the largest resident memory of each service, in megabytes. */
function watchMemory({ stack }: Stage): { stop: () => ReadonlyMap<string, number> } {
  const peaks = new Map<string, number>();
  const sample = (): void => {
    for (const name of SERVICES) {
      const pid = stack.process(name);
      if (pid === undefined) continue;
      try {
        const kilobytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]));
        peaks.set(name, Math.max(peaks.get(name) ?? 0, Math.round(kilobytes / 1_024)));
      } catch {
        // The process has just ended.
      }
    }
  };
  sample();
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return peaks;
    },
  };
}
