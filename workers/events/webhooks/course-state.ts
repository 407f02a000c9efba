/** What the parts of a course share, but for its tries: what is parked, what is pending, and the end. */
import type { DisabledReason } from '../../../domain/events/webhook.ts';
import type { Database } from '../../../db/database.ts';
import { disableEndpoint, type Owner, type Parked, type TakenEndpoint } from '../../../db/events/delivery-writes.ts';
import type { WebhookEndpoint } from '../../../db/events/endpoint-queries.ts';
import type { Metrics } from '../../../process/metrics.ts';
import type { Logger } from '../../../process/telemetry.ts';
import { createAlarm, type Alarm } from './alarm.ts';
import { createCircuit, OPENS_AFTER, type Circuit, type CircuitOptions } from './circuit.ts';
import { createLanes, type Lanes } from './lanes.ts';

export interface StateDeps {
  /** The events service's database. */
  readonly database: Database;
  readonly taken: TakenEndpoint;
  readonly probePauseMs?: CircuitOptions['pauseMs'];
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
}

export interface CourseState {
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics: Metrics | undefined;
  readonly endpoint: WebhookEndpoint;
  readonly owner: Owner;
  readonly lanes: Lanes;
  readonly circuit: Circuit;
  readonly parked: Map<string, Parked>;
  /** Of parked subjects, the newest position that was passed over in this course. */
  readonly passedOver: Map<string, number>;
  /** Aborts once nothing more is to be begun. */
  readonly ending: AbortSignal;
  /** Aborts once what is under way is to be cut short. */
  readonly cutting: AbortSignal;
  /** Rings if a delivery may be due, or a subject's wait may be over. */
  readonly retriesAlarm: Alarm;
  readonly pendingCount: () => number;
  readonly addPending: (count: number) => void;
  readonly noteSuccess: () => void;
  /** Whether a success was noted since the last call. */
  readonly takeSuccess: () => boolean;
  readonly disable: (reason: DisabledReason) => Promise<void>;
  /** Ends the course: nothing more is begun. An error is why it cannot go on. */
  readonly end: (error?: unknown) => void;
  readonly hasFailed: () => boolean;
  /** Cuts short what is under way. */
  readonly cut: () => void;
}

export function beginState({ database, taken, probePauseMs, logger, metrics }: StateDeps): CourseState {
  const { endpoint } = taken;
  const { webhookEndpointId, epoch, url } = endpoint;
  const ending = new AbortController();
  const cutting = new AbortController();
  const retriesAlarm = createAlarm();
  const wasDown = endpoint.failingSince !== null && taken.pendingCount >= OPENS_AFTER;
  const circuit = createCircuit({ isOpen: wasDown, ...(probePauseMs && { pauseMs: probePauseMs }) });
  let { pendingCount } = taken;
  let hasSucceeded = false;
  let hasFailed = false;

  const state: CourseState = {
    ...{ database, logger, metrics, endpoint, circuit, retriesAlarm },
    owner: { webhookEndpointId, epoch },
    lanes: createLanes(),
    parked: new Map(taken.parked),
    passedOver: new Map(),
    ending: ending.signal,
    cutting: cutting.signal,
    pendingCount: () => pendingCount,
    addPending(count) {
      pendingCount += count;
      retriesAlarm.ring();
    },
    noteSuccess() {
      hasSucceeded = true;
    },
    takeSuccess() {
      const had = hasSucceeded;
      hasSucceeded = false;
      return had;
    },
    async disable(reason) {
      if (ending.signal.aborted) return;
      state.end();
      logger.warn({ webhook_endpoint_id: webhookEndpointId, reason }, 'a webhook endpoint is disabled');
      await disableEndpoint(database, { webhookEndpointId, epoch, url }, reason);
    },
    end(error) {
      if (error !== undefined && !ending.signal.aborted) {
        hasFailed = true;
        logger.warn({ err: error, webhook_endpoint_id: webhookEndpointId }, 'webhooks could not be delivered');
      }
      ending.abort();
      circuit.end();
    },
    hasFailed: () => hasFailed,
    cut: () => cutting.abort(),
  };
  return state;
}
