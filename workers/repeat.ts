/** Work that is repeated with a pause after each time, until it is asked to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningService } from '../process/run-service.ts';

/** `work` must not throw. It is given the signal of the stop; stopping waits until the work that is under way has returned. */
export function repeatUntilStopped(pauseMs: number, work: (stopping: AbortSignal) => Promise<void>): RunningService {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = run();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await work(signal);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
}
