/** A wait that somebody can end. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Alarm {
  readonly ring: () => void;
  /** Returns after so long, at once if it has rung since the last wait, when it rings, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function createAlarm(): Alarm {
  let hasRung = false;
  let ring = (): void => {};
  return {
    ring() {
      hasRung = true;
      ring();
    },
    async wait(ms, signal) {
      if (!hasRung && !signal.aborted) {
        const ringing = new AbortController();
        ring = () => ringing.abort();
        await sleep(ms, undefined, { signal: AbortSignal.any([signal, ringing.signal]) }).catch(() => {});
      }
      hasRung = false;
    },
  };
}
