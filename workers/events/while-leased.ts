/** Work that one process does at a time: it is done while a lease is held, and begun again after a fault or another's turn. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { leaveLease, takeLease, type Lease } from '../../db/events/lease-queries.ts';
import type { RunningService } from '../../process/run-service.ts';

const LEASE_MS = 10_000;
const RENEW_MS = 3_000;
/** Between two looks whether the lease is free. */
const POLL_MS = 1_000;

export interface Holding {
  readonly lease: Lease;
  /** Aborts when the process stops or has lost the lease. */
  readonly signal: AbortSignal;
  /**
   * Returns whether the lease is still held; asks the database if it was not renewed in time, as after a freeze. To be called before
   * each effect that the database cannot refuse.
   */
  readonly isHeld: () => Promise<boolean>;
}

/**
 * `work` returns when the signal aborts. If it throws, `failed` is told and returns how long to pause, in milliseconds. Stopping
 * waits for it.
 */
export function whileLeased(
  database: Database,
  name: string,
  work: (holding: Holding) => Promise<void>,
  failed: (error: unknown) => number,
): RunningService {
  const holder = randomUUID();
  const stopping = new AbortController();
  const loop = run();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      let pauseMs = POLL_MS;
      try {
        const askedAt = performance.now();
        const lease = await takeLease(database, name, holder, LEASE_MS);
        if (lease !== undefined) await hold(lease, askedAt);
      } catch (error) {
        if (!stopping.signal.aborted) pauseMs = failed(error);
      }
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
    await leaveLease(database, name, holder).catch(() => {});
  }

  async function hold(lease: Lease, takenAt: number): Promise<void> {
    const ending = new AbortController();
    const signal = AbortSignal.any([stopping.signal, ending.signal]);
    let renewedAt = takenAt;
    const renew = async (): Promise<boolean> => {
      const askedAt = performance.now();
      const held = (await takeLease(database, name, holder, LEASE_MS))?.token === lease.token;
      if (held) renewedAt = askedAt;
      else ending.abort();
      return held;
    };
    const isHeld = async (): Promise<boolean> =>
      !signal.aborted && (performance.now() - renewedAt < LEASE_MS - RENEW_MS || (await renew()));
    const renewing = (async () => {
      while (!signal.aborted) {
        await sleep(RENEW_MS, undefined, { signal }).catch(() => {});
        if (!signal.aborted) await renew().catch(() => {});
      }
    })();
    try {
      await work({ lease, signal, isHeld });
    } finally {
      ending.abort();
      await renewing;
    }
  }
}
