/**
 * An overload: ten times the rate that the stack can carry, sent without waiting for answers. Each request is in the book like any
 * other, and is never repeated. Accepted movements must end, and refused requests must leave nothing behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Book } from './book.ts';
import type { Clients } from './clients.ts';
import type { Draws } from './draws.ts';
import type { OverloadSeen } from './fault.ts';
import { transfer } from './operations.ts';
import type { World } from './world.ts';

const TIMES = 10;
const RATE_MIN = 5;
const TICK_MS = 50;
const TIMEOUT_MS = 15_000;
const IN_FLIGHT_MAX = 5_000;

export async function overload(
  clients: Clients,
  book: Book,
  world: World,
  draws: Draws,
  seconds: number,
  signal: AbortSignal,
): Promise<OverloadSeen> {
  const ratePerSecond = Math.max(RATE_MIN, clients.ratePerSecond());
  const startedAt = performance.now();
  const run = Math.floor(draws.number('run') * 1e9).toString(36);
  const seen = { sent: 0, accepted: 0, shed: 0, unanswered: 0 };
  const inFlight = new Set<Promise<void>>();

  const sendOne = async (n: number): Promise<void> => {
    const { operation } = transfer({ key: `overload-${run}-${n}`, draws: draws.of(n), world }, { kind: 'overload' });
    const entry = book.open(operation.asked);
    const sent = await clients.send(operation, entry, { timeoutMs: TIMEOUT_MS });
    if (sent === 'accepted') seen.accepted += 1;
    else if (
      entry.refusal === 'overloaded' ||
      entry.refusal === 'temporal_unavailable' ||
      entry.refusal === 'database_unavailable'
    )
      seen.shed += 1;
    else seen.unanswered += 1;
  };
  while (!signal.aborted && performance.now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * ratePerSecond * TIMES);
    while (seen.sent < due && inFlight.size < IN_FLIGHT_MAX) {
      const request = sendOne(seen.sent++).finally(() => inFlight.delete(request));
      inFlight.add(request);
    }
    await sleep(TICK_MS, undefined, { signal }).catch(() => {});
  }
  await Promise.all(inFlight);
  return { ...seen, ratePerSecond };
}
