/**
 * The collector: looks at the state of the databases and of Temporal at intervals and shows it in gauges, so that a scrape itself asks
 * nobody. Each part has a bound and the time of its last success: a part that can no longer be looked at loses its gauges instead of
 * staying calm.
 */
import type { Showing } from '../process/metric.ts';
import type { Metrics } from '../process/metrics.ts';
import { LATE, within } from '../process/deadline.ts';
import type { RunningService } from '../process/run-service.ts';
import type { Logger } from '../process/telemetry.ts';
import { repeatUntilStopped } from './repeat.ts';

export interface Part {
  readonly name: string;
  readonly everyMs: number;
  /** All that `look` sets. */
  readonly gauges: readonly Pick<Showing<never>, 'forget'>[];
  /** Looks, and returns what sets the gauges, which is called only if the look was in time. */
  readonly look: () => Promise<() => void>;
}

interface CollectorOptions {
  readonly lookMs?: number;
  readonly staleMs?: number;
  readonly close?: () => Promise<void>;
}

/** The limit of a look; one that takes longer has failed, and no other is begun until it has ended. */
const LOOK_LIMIT_MS = 5_000;
const STALE_MS = 60_000;

/** `close` is called when it stops, once nothing is looked at any more. */
export function startCollector(
  { collectorSuccess }: Pick<Metrics, 'collectorSuccess'>,
  logger: Pick<Logger, 'warn' | 'info'>,
  parts: readonly Part[],
  { lookMs = LOOK_LIMIT_MS, staleMs = STALE_MS, close = async () => {} }: CollectorOptions = {},
): RunningService {
  const loops = parts.map((part) => {
    collectorSuccess.set({ part: part.name }, 0);
    return repeatUntilStopped(part.everyMs, createLook(part, collectorSuccess, logger, { lookMs, staleMs }));
  });
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await close();
    },
  };
}

function createLook(
  { name, everyMs, gauges, look }: Part,
  success: Metrics['collectorSuccess'],
  logger: Pick<Logger, 'warn' | 'info'>,
  { lookMs, staleMs }: { readonly lookMs: number; readonly staleMs: number },
): () => Promise<void> {
  let isUnderWay = false;
  let hasFailed = false;
  let succeededAt = performance.now();

  return async () => {
    try {
      if (isUnderWay) throw new Error('the look before has not ended');
      isUnderWay = true;
      const looking = look().finally(() => (isUnderWay = false));
      const show = await within(lookMs, looking);
      if (show === LATE) throw new Error(`no answer within ${lookMs} ms`);
      for (const gauge of gauges) gauge.forget();
      show();
      succeededAt = performance.now();
      success.set({ part: name }, Date.now() / 1_000);
      if (hasFailed) logger.info({ part: name }, 'the metrics show this part again');
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) logger.warn({ err: error, part: name }, 'the metrics cannot show this part: tried again soon');
      hasFailed = true;
      if (performance.now() - succeededAt > staleMs + everyMs) for (const gauge of gauges) gauge.forget();
    }
  };
}
