/**
 * Watches whether Temporal answers, so that new movements are refused at once while it is known not to. One cheap call a
 * second; one answer in time means up, several misses in a row mean down, so that a busy server or a busy process is not
 * taken for a dead one. Recovers by itself.
 */
import type { Client } from '@temporalio/client';
import { InstallationError } from '../domain/installation.ts';
import { LATE, within } from '../process/deadline.ts';
import type { Logger } from '../process/telemetry.ts';

export interface TemporalMonitor {
  /** Whether Temporal is known to be down. Until it was asked for the first time, it is not. */
  readonly isDown: () => boolean;
  /** To be told of a call that failed or was late: asks at once instead of with the next second. */
  readonly suspect: () => void;
  readonly stop: () => void;
}

const INTERVAL_MS = 1_000;
const ANSWER_LIMIT_MS = 1_000;
const MISSES_UNTIL_DOWN = 3;
/** A timer that is this late was held up by this process, and says nothing about the server. */
const OWN_DELAY_MS = 300;

/** `ask` is the call that is made, for the namespace: a server without it, or with another's, cannot start anything either. */
export function monitorTemporal(ask: () => Promise<unknown>, log: Logger): TemporalMonitor {
  let misses = 0;
  let isAsking = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const probe = async (): Promise<void> => {
    if (isAsking || isStopped) return;
    isAsking = true;
    clearTimeout(timer);
    const startedAt = performance.now();
    const error = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    isAsking = false;
    const isOwnDelay = performance.now() - startedAt > ANSWER_LIMIT_MS + OWN_DELAY_MS;
    const wasDown = misses >= MISSES_UNTIL_DOWN;
    if (error === undefined && wasDown) log.info('Temporal answers again');
    if (error === undefined) misses = 0;
    // An answer that is another installation's is no matter of patience.
    else if (error instanceof InstallationError) misses = Math.max(misses + 1, MISSES_UNTIL_DOWN);
    else if (!isOwnDelay) misses += 1;
    if (!wasDown && misses >= MISSES_UNTIL_DOWN)
      log.warn({ err: error }, 'Temporal does not answer: new movements are refused until it does');
    // Once it has missed, the next question follows at once, until it is known to be up or down.
    const isUnclear = error !== undefined && misses < MISSES_UNTIL_DOWN;
    if (!isStopped)
      timer = setTimeout(
        () => void probe(),
        isUnclear ? Math.max(0, ANSWER_LIMIT_MS - (performance.now() - startedAt)) : INTERVAL_MS,
      );
  };
  void probe();

  return {
    isDown: () => misses >= MISSES_UNTIL_DOWN,
    suspect: () => void probe(),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** A call's answer; raises if there is none within the limit, and gives the call up. */
export async function answerWithin<T>(client: Client, limitMs: number, call: () => Promise<T>): Promise<T> {
  const givenUp = new AbortController();
  const answer = await within(limitMs, client.connection.withAbortSignal(givenUp.signal, call));
  if (answer !== LATE) return answer;
  givenUp.abort();
  throw new Error(`Temporal did not answer within ${limitMs} ms`);
}
