/**
 * The events worker: the relay from the outboxes into the event log, and what goes on from there: the projections, webhooks, and the
 * publisher to Kafka, if there is one. `node workers/events/main.ts` runs it as a process of its own. Any number may run; of each of
 * these one works at a time.
 */
import type { Settings } from '../../process/config.ts';
import { closeDatabases, watchPools, type Database } from '../../db/database.ts';
import { guardInstallation, type InstallationGuard } from '../../db/installation.ts';
import { openEventsDatabase, openOutboxes } from '../../db/service-databases.ts';
import { runService, type RunningService } from '../../process/run-service.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { Logger } from '../../process/telemetry.ts';
import { startEventsCollector } from './collect.ts';
import { kafkaOptions, type KafkaOptions } from './kafka-options.ts';
import { startFlows } from './flows.ts';
import type { KafkaPublisher } from './kafka-publisher.ts';
import { createSecretBox } from '../../webhooks/sealed-secret.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { beginMeasuring } from './measured.ts';
import { createRecentEvents } from './recent-events.ts';
import { startRelay } from './relay.ts';
import { startWalletActivity } from './wallet-activity.ts';
import { startWebhooks, type Webhooks } from './webhooks/dispatcher.ts';

/** Longer than the role's statement_timeout, so that the server reports the time-out first. */
const QUERY_TIMEOUT_MS = 32_000;

export interface EventsWorker extends RunningService {
  /** Says that this outbox, by its name such as `transfer` or `wallet-0`, may have something new. */
  readonly wake: (source: string) => void;
}

/**
 * Starts the worker with databases of its own. `appended` is called after events were appended to the log by this process. Throws a
 * SettingsError if Kafka's settings are not whole.
 */
export function startEventsWorker(
  settings: Settings,
  logger: Logger,
  guard: InstallationGuard,
  { appended, metrics }: { readonly appended?: () => void; readonly metrics?: Metrics | undefined } = {},
): EventsWorker {
  const options = kafkaOptions(settings);
  const limits = { queryTimeoutMs: QUERY_TIMEOUT_MS, applicationName: 'counterpoise-events' };
  const database: Database = openEventsDatabase(settings, guard, limits);
  const outboxes = openOutboxes(settings, guard, { ...limits, connectionsMax: 2 });
  let publisher: KafkaPublisher | undefined;
  const publishing = startPublisher(options, { database, logger, metrics }).then((started) => (publisher = started));
  // A pool of its own: however many endpoints there are, the relay waits for none of them.
  const webhooksDatabase = openEventsDatabase(settings, guard, { ...limits, applicationName: 'counterpoise-webhooks' });
  const webhooks = startWebhooksIfSet(settings, { database: webhooksDatabase, logger, metrics });
  const recent = createRecentEvents();
  const projections = [startWalletActivity, startFlows].map((start) => start({ database, logger, metrics, recent }));
  const relay = startRelay({
    database,
    outboxes,
    retentionDays: settings.EVENTS_RETENTION_DAYS,
    logger,
    metrics,
    recent,
    appended: () => {
      for (const projection of projections) projection.wake();
      webhooks?.wake();
      publisher?.wake();
      appended?.();
    },
  });
  beginMeasuring(metrics);
  watchPools(metrics, [database, webhooksDatabase, ...outboxes.values()]);
  const collector = metrics && startEventsCollector(metrics, settings, guard, logger);
  return {
    wake: relay.wake,
    async stop() {
      await Promise.all([
        relay.stop(),
        ...projections.map((projection) => projection.stop()),
        collector?.stop(),
        webhooks?.stop(),
        publishing.then((started) => started?.stop()),
      ]);
      await closeDatabases([database, webhooksDatabase, ...outboxes.values()]);
    },
  };
}

interface EventsDeps {
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics: Metrics | undefined;
}

/** The client is loaded only if it is needed, because it takes a third of a second and 65 MB. */
async function startPublisher(
  options: KafkaOptions | undefined,
  deps: EventsDeps,
): Promise<KafkaPublisher | undefined> {
  if (options === undefined) return undefined;
  const { startKafkaPublisher } = await import('./kafka-publisher.ts');
  return startKafkaPublisher({ options, ...deps });
}

/** Without keys, the secrets of webhook endpoints can be neither read nor made. */
function startWebhooksIfSet(settings: Settings, deps: EventsDeps): Webhooks | undefined {
  const { WEBHOOK_KEYS: keys, WEBHOOK_ALLOW_CIDRS: allowed = [] } = settings;
  if (keys === undefined) return undefined;
  const sender = { guard: createUrlGuard(allowed) };
  return startWebhooks({ ...deps, sender, box: createSecretBox(keys) });
}

if (import.meta.main)
  await runService('worker-events', async (settings, logger, served) =>
    startEventsWorker(settings, logger, guardInstallation(), { metrics: served?.metrics }),
  );
