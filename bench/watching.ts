/**
 * What being watched costs on databases with many movements: how long a scrape takes, and how much of a core the collector of the
 * state needs. What it costs transfers is measured in costs.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../workers/core-metrics.ts';
import type { BenchStack } from './bench-stack.ts';
import { cpuMsOf } from './memory.ts';
import type { Ground } from './subject.ts';
import { spreadOf, type Spread } from './turns.ts';

const DISPATCH = 'local';
const TURNS = 3;
/** In each turn. */
const SCRAPES = 7;
/** Until a process that has just started is at rest. */
const CALM_DOWN_MS = 10_000;
const CALL_LIMIT_MS = 5_000;

/** What metrics cost a stack at rest. */
export interface WatchingCost {
  readonly scrapeMs: Spread;
  /** Of one core: the process and PostgreSQL together, beyond what they take without metrics. At least 0. */
  readonly collectorShare: number;
}

/**
 * Measures on this ground, at rest, with a process of its own each time: without metrics and with them in turns of `seconds`, of each
 * of which the quietest counts. What is done by itself now and then, such as a vacuum, or the reconciliation every five minutes, which
 * may take a core for ten seconds, can fall into two turns of three of the same kind. What the collector does falls into each turn of a minute.
 */
export async function watchingCost(
  stack: BenchStack,
  ground: Ground,
  seconds: number,
  signal: AbortSignal,
): Promise<WatchingCost> {
  const port = await freePort();
  const took: number[] = [];
  const scrape = async (): Promise<void> => {
    for (let n = 0; n < SCRAPES; n += 1) {
      const startedAt = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(CALL_LIMIT_MS) });
      if (!response.ok) throw new Error(`a scrape was answered ${response.status}`);
      await response.text();
      took.push(performance.now() - startedAt);
    }
  };
  const shares: { without: number[]; watched: number[] } = { without: [], watched: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    shares.without.push(await atRest(stack, ground, {}, seconds, signal));
    shares.watched.push(await atRest(stack, ground, { METRICS_PORT: `${port}` }, seconds, signal, scrape));
  }
  const [without, watched] = [Math.min(...shares.without), Math.min(...shares.watched)];
  return { scrapeMs: spreadOf(took), collectorShare: Math.max(0, watched - without) };
}

/** The share of a core that the process and PostgreSQL take while nothing is asked of them; `then` is called afterwards. */
async function atRest(
  stack: BenchStack,
  ground: Ground,
  settings: Readonly<Record<string, string>>,
  seconds: number,
  signal: AbortSignal,
  then?: () => Promise<void>,
): Promise<number> {
  const app = await stack.startApp(DISPATCH, { ...ground.settings, ...settings });
  try {
    await sleep(CALM_DOWN_MS, undefined, { signal });
    const { postgres } = stack.infrastructure.supervisor.running();
    const taken = (): number => cpuMsOf(app.pid()) + cpuMsOf(postgres!.pid);
    const [from, fromMs] = [taken(), performance.now()];
    await sleep(seconds * 1_000, undefined, { signal });
    const share = (taken() - from) / (performance.now() - fromMs);
    await then?.();
    return share;
  } finally {
    await app.stop();
  }
}
