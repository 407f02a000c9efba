/**
 * The delivery of webhooks: while this process has the lease, it runs every active endpoint, each by itself, so that none waits for
 * another. A change by an endpoint's owner ends its run, after what is under way, and begins a new one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../db/database.ts';
import {
  listActiveEndpoints,
  removeOldDeliveries,
  takeEndpoint,
  type EndpointState,
} from '../../../db/events/delivery-writes.ts';
import { readHead, type LogHead } from '../../../db/events/log-queries.ts';
import type { WebhookEndpointId } from '../../../domain/ids.ts';
import type { RunningService } from '../../../process/run-service.ts';
import type { Metrics } from '../../../process/metrics.ts';
import type { Logger } from '../../../process/telemetry.ts';
import type { SecretBox } from '../../../webhooks/sealed-secret.ts';
import { openConnections, type SenderOptions } from '../../../webhooks/sender.ts';
import { whileLeased, type Holding } from '../while-leased.ts';
import { createAlarm } from './alarm.ts';
import type { CircuitOptions } from './circuit.ts';
import { runEndpoint, type EndpointRunner } from './endpoint-runner.ts';
import { openSecrets } from './endpoint-secrets.ts';
import { LIVE_AT_ONCE } from './live-events.ts';

export interface WebhooksDeps {
  /** The events service's database. */
  readonly database: Database;
  readonly sender: SenderOptions;
  readonly box: SecretBox;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  readonly probePauseMs?: CircuitOptions['pauseMs'];
}

export interface Webhooks extends RunningService {
  /** Says that the log may have something new. */
  readonly wake: () => void;
}

const LEASE = 'webhooks';
/** While nothing wakes it, it looks for new events by itself. */
const HEAD_POLL_MS = 250;
const ENDPOINTS_POLL_MS = 1_000;
const TIDY_MS = 600_000;
const RETRY_MS = 1_000;
const UNREADABLE_MS = 60_000;
/** A change waits so long for what is under way; the end of the process, which has nine seconds, not as long. */
const CHANGE_GRACE_MS = 20_000;
const STOP_GRACE_MS = 3_000;
/** Retries and replays have connections too. */
const CONNECTIONS_MAX = 2 * LIVE_AT_ONCE;

export function startWebhooks(deps: WebhooksDeps): Webhooks {
  const { database, logger } = deps;
  const alarm = createAlarm();
  let hasRunners = false;
  const running = whileLeased(database, LEASE, dispatch, (error) => {
    logger.warn({ err: error }, 'webhooks could not be delivered: tried again soon');
    return RETRY_MS;
  });
  // Where nobody is to be told of events, the log is not looked at whenever it grows.
  const wake = (): void => {
    if (hasRunners) alarm.ring();
  };
  return { ...running, wake };

  async function dispatch(holding: Holding): Promise<void> {
    let lookAt = 0;
    const lookSoon = (): void => {
      lookAt = 0;
      alarm.ring();
    };
    const runners = new Map<WebhookEndpointId, EndpointRunner>();
    const runs: Runs = { runners, ending: new Set(), resting: new Map(), lookSoon };
    const ending = new AbortController();
    const tidying = keepTidy(deps, AbortSignal.any([holding.signal, ending.signal]));
    try {
      while (!holding.signal.aborted) {
        const head = await readHead(database);
        for (const runner of runners.values()) runner.advance(head);
        if (performance.now() >= lookAt) {
          lookAt = performance.now() + ENDPOINTS_POLL_MS;
          await lookAtEndpoints(deps, holding, head, runs);
        }
        hasRunners = runners.size > 0;
        await alarm.wait(hasRunners ? HEAD_POLL_MS : ENDPOINTS_POLL_MS, holding.signal);
      }
    } finally {
      ending.abort();
      await Promise.all([tidying, ...[...runners.values()].map((runner) => runner.stop(STOP_GRACE_MS))]);
    }
  }
}

/** Removes what nobody needs any more, beside the deliveries, until the signal. What fails is tried again later. */
async function keepTidy({ database, logger }: WebhooksDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const isDone = await removeOldDeliveries(database).then(
      (removed) => removed === 0,
      (error: unknown) => logger.warn({ err: error }, 'old deliveries could not be removed'),
    );
    await sleep(isDone === false ? RETRY_MS : TIDY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Ends the runs of endpoints that were changed, paused or deleted, and begins those that lack one. */
async function lookAtEndpoints(deps: WebhooksDeps, holding: Holding, head: LogHead, runs: Runs): Promise<void> {
  const { runners, ending, resting } = runs;
  const states = await listActiveEndpoints(deps.database);
  const active = new Map(states.map((state) => [state.webhookEndpointId, state]));
  for (const [id, runner] of runners) {
    const state = active.get(id);
    if (!ending.has(id) && (runner.hasEnded() || !isAsItWas(runner, state))) {
      ending.add(id);
      void runner.stop(CHANGE_GRACE_MS).then(() => {
        runners.delete(id);
        ending.delete(id);
        if (runner.hasFailed()) resting.set(id, performance.now() + RETRY_MS);
        runs.lookSoon();
      });
    } else if (state?.hasReplay === true) runner.wakeReplays();
  }
  for (const id of active.keys()) {
    if (runners.has(id) || performance.now() < (resting.get(id) ?? 0)) continue;
    const runner = await begin(deps, holding, head, id, runs);
    if (runner !== undefined) runners.set(id, runner);
  }
}

async function begin(
  deps: WebhooksDeps,
  { lease, isHeld }: Holding,
  head: LogHead,
  id: WebhookEndpointId,
  runs: Runs,
): Promise<EndpointRunner | undefined> {
  const { database, sender, box, logger, metrics, probePauseMs } = deps;
  const taken = await takeEndpoint(database, lease, id);
  if (taken === undefined) return undefined;
  try {
    const secrets = await openSecrets(database, box, taken.endpoint);
    const connections = openConnections(sender, CONNECTIONS_MAX);
    const own = {
      database,
      taken,
      secrets,
      connections,
      isHeld,
      logger,
      metrics,
      ...(probePauseMs && { probePauseMs }),
    };
    return runEndpoint(own, head, runs.lookSoon);
  } catch (error) {
    logger.error({ err: error, webhook_endpoint_id: id }, 'the secret of a webhook endpoint cannot be read');
    runs.resting.set(id, performance.now() + UNREADABLE_MS);
    return undefined;
  }
}

interface Runs {
  readonly runners: Map<WebhookEndpointId, EndpointRunner>;
  /** Those whose run is being ended. */
  readonly ending: Set<WebhookEndpointId>;
  /** Those that could not be delivered to, as when their secret cannot be read, until when they are left alone. */
  readonly resting: Map<WebhookEndpointId, number>;
  /** Has the endpoints looked at again. */
  readonly lookSoon: () => void;
}

function isAsItWas({ state: { epoch, version } }: EndpointRunner, now: EndpointState | undefined): boolean {
  return now !== undefined && now.epoch === epoch && now.version === version;
}
