/**
 * The circuit of an endpoint. Once many tries in a row have got no answer, it opens: nothing is sent but a probe now and then,
 * until one is accepted. So an endpoint that is down costs a request every few minutes, however many events wait for it.
 */
import { pauseBeforeProbeMs } from '../../../domain/events/retry-schedule.ts';

/** Failures in a row, of different events, without any success. */
export const OPENS_AFTER = 20;

export interface Circuit {
  readonly isOpen: () => boolean;
  /** Until the next probe; 0 if it is due, or if the circuit is closed. */
  readonly msToProbe: () => number;
  /**
   * Resolves once something may be sent, or when the work ends: at once while the circuit is closed. Returns whether it is the probe
   * that was let through.
   */
  readonly pass: () => Promise<boolean>;
  /** Lets one through that waits, or the next one that comes, which must then be tried. */
  readonly letOneThrough: () => void;
  readonly waiting: () => number;
  /** Returns whether this closed the circuit. */
  readonly succeeded: () => boolean;
  /** `isProbe` of a try that was made although the circuit is open. */
  readonly failed: (isProbe: boolean) => void;
  /** Lets everything pass, for good. */
  readonly end: () => void;
}

export interface CircuitOptions {
  /** That of an endpoint that was down when the process before ended. */
  readonly isOpen?: boolean;
  readonly pauseMs?: (failures: number, random: number) => number;
}

export function createCircuit({ isOpen = false, pauseMs = pauseBeforeProbeMs }: CircuitOptions = {}): Circuit {
  let failures = isOpen ? OPENS_AFTER : 0;
  let probes = 0;
  let probeAt = performance.now();
  let permits = 0;
  let hasEnded = false;
  const gate: (() => void)[] = [];
  const open = (): boolean => failures >= OPENS_AFTER && !hasEnded;
  const releaseAll = (): void => gate.splice(0).forEach((pass) => pass());

  return {
    isOpen: open,
    msToProbe: () => (open() ? Math.max(0, probeAt - performance.now()) : 0),
    async pass() {
      if (!open()) return false;
      if (permits > 0) permits -= 1;
      else await new Promise<void>((resolve) => gate.push(resolve));
      return open();
    },
    letOneThrough() {
      probeAt = Number.POSITIVE_INFINITY;
      const next = gate.shift();
      if (next === undefined) permits = 1;
      else next();
    },
    waiting: () => gate.length,
    succeeded() {
      const wasOpen = open();
      failures = 0;
      probes = 0;
      permits = 0;
      releaseAll();
      return wasOpen;
    },
    failed(isProbe) {
      const wasOpen = open();
      failures += 1;
      if (!open() || (wasOpen && !isProbe)) return;
      probes += 1;
      probeAt = performance.now() + pauseMs(probes, Math.random());
    },
    end() {
      hasEnded = true;
      releaseAll();
    },
  };
}
