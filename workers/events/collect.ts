/** The state of the events service among the metrics: what waits in the outboxes, in the log, and at webhooks. */
import { closeDatabases, type Database } from '../../db/database.ts';
import { deliveryState, listOutboxes, listReaders } from '../../db/events/state-queries.ts';
import type { InstallationGuard } from '../../db/installation.ts';
import { openEventsDatabase } from '../../db/service-databases.ts';
import { ENDPOINT_STATUSES } from '../../domain/events/webhook.ts';
import type { Settings } from '../../process/config.ts';
import type { Metrics } from '../../process/metrics.ts';
import type { RunningService } from '../../process/run-service.ts';
import type { Logger } from '../../process/telemetry.ts';
import { startCollector, type Part } from '../collector.ts';

/** Longer than a look may take. */
const QUERY_TIMEOUT_MS = 6_000;

/** With a connection of its own. */
export function startEventsCollector(
  metrics: Metrics,
  settings: Settings,
  guard: InstallationGuard,
  logger: Logger,
): RunningService {
  const database = openEventsDatabase(settings, guard, {
    applicationName: 'counterpoise-events-collector',
    connectionsMax: 1,
    queryTimeoutMs: QUERY_TIMEOUT_MS,
  });
  const parts = [
    outboxes(metrics, database),
    readers(metrics, database, settings.KAFKA_BROKERS !== undefined),
    deliveries(metrics, database),
  ];
  return startCollector(metrics, logger, parts, { close: () => closeDatabases([database]) });
}

function outboxes({ outboxLagEvents, outboxLagSeconds, outboxStopped }: Metrics, database: Database): Part {
  return {
    name: 'outboxes',
    everyMs: 5_000,
    gauges: [outboxLagEvents, outboxLagSeconds, outboxStopped],
    async look() {
      const states = await listOutboxes(database);
      return () => {
        for (const { outbox, events, seconds, isStopped } of states) {
          outboxLagEvents.set({ outbox }, events);
          outboxLagSeconds.set({ outbox }, seconds);
          outboxStopped.set({ outbox }, isStopped ? 1 : 0);
        }
      };
    },
  };
}

/** A place that a publisher to Kafka has left behind says nothing while there is no Kafka. */
function readers({ logLagEvents, logLagSeconds }: Metrics, database: Database, hasKafka: boolean): Part {
  return {
    name: 'log',
    everyMs: 5_000,
    gauges: [logLagEvents, logLagSeconds],
    async look() {
      const states = (await listReaders(database)).filter(({ reader }) => reader !== 'kafka' || hasKafka);
      return () => {
        for (const { reader, events, seconds } of states) {
          logLagEvents.set({ reader }, events);
          logLagSeconds.set({ reader }, seconds);
        }
      };
    },
  };
}

function deliveries({ webhookEndpoints, webhookPending, deadLettersKept }: Metrics, database: Database): Part {
  return {
    name: 'deliveries',
    everyMs: 10_000,
    gauges: [webhookEndpoints, webhookPending, deadLettersKept],
    async look() {
      const { endpoints, pending, deadLetters } = await deliveryState(database);
      return () => {
        for (const status of ENDPOINT_STATUSES) webhookEndpoints.set({ status }, endpoints.get(status) ?? 0);
        webhookPending.set({}, pending);
        for (const [consumer, count] of deadLetters) deadLettersKept.set({ consumer }, count);
      };
    },
  };
}
