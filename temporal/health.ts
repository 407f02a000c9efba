/**
 * The watch whether Temporal answers, so that new movements are refused at once while it is known not to. One cheap call a second;
 * one answer in time means up, several misses in a row mean down, so that a busy server or a busy process is not taken for a dead
 * one. Recovers by itself.
 */
import type { Client } from '@temporalio/client';
import { InstallationError } from '../domain/installation.ts';
import { LATE, within } from '../process/deadline.ts';
import type { Logger } from '../process/telemetry.ts';
import { untraced } from '../process/traces.ts';

export interface TemporalMonitor {
  /** Whether Temporal is known to be down. False until the first calls have missed. */
  readonly isDown: () => boolean;
  /** Asks at once instead of with the next second; to be called when a call to Temporal failed or was late. */
  readonly suspect: () => void;
  readonly stop: () => void;
}

const INTERVAL_MS = 1_000;
const ANSWER_LIMIT_MS = 1_000;
const MISSES_UNTIL_DOWN = 3;
/** If a time-out comes this late, this process was held up, and the miss says nothing about the server. */
const OWN_DELAY_MS = 300;

/** `ask` asks for the namespace: a server without it, or with another installation's, cannot start anything either. */
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
    // One answer with another installation's namespace is enough: more patience would change nothing.
    else if (error instanceof InstallationError) misses = Math.max(misses + 1, MISSES_UNTIL_DOWN);
    else if (!isOwnDelay) misses += 1;
    if (!wasDown && misses >= MISSES_UNTIL_DOWN)
      log.warn({ err: error }, 'Temporal does not answer: new movements are refused until it does');
    // After a miss, the next question follows at once, until Temporal is known to be up or down.
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
    // All later questions follow from this one, and their log lines are not of the request that has asked for it.
    suspect: () => untraced(() => void probe()),
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Returns a call's answer; gives the call up and throws if there is none within the limit. */
export async function answerWithin<T>(client: Client, limitMs: number, call: () => Promise<T>): Promise<T> {
  const givenUp = new AbortController();
  const answer = await within(limitMs, client.connection.withAbortSignal(givenUp.signal, call));
  if (answer !== LATE) return answer;
  givenUp.abort();
  throw new Error(`Temporal did not answer within ${limitMs} ms`);
}
