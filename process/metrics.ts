/**
 * The metrics: every one is declared here, those of orders in order-metrics.ts, with its definition. A process counts only if it is told to (METRICS_PORT); until then
 * there are no metrics, and code that counts is given none.
 */
import { Registry } from 'prom-client';
import { UNCOUNTED_ORDERS, type OrderCounts } from '../domain/order/order-counts.ts';
import {
  classOf,
  COMPENSATION_CAUSES,
  MOVEMENT_ENDS,
  MOVEMENT_KINDS,
  TIMED_KINDS,
  UNCOUNTED,
  type MovementCounts,
} from '../domain/transfer/movement-counts.ts';
import { countingOf, showingOf, timingOf, TOLD_LATER } from './metric.ts';
import { orderCounts, orderState } from './order-metrics.ts';
import { declareProcess, type Pool } from './process-metrics.ts';

/** Why a request was refused with 429 before anything was done. */
export const SHED_CAUSES = ['requests', 'settlements', 'bodies', 'connections', 'backlog', 'streams', 'runs'] as const;
export type ShedCause = (typeof SHED_CAUSES)[number];

/** Who takes events out of an outbox or the event log. */
export const CONSUMERS = ['relay', 'wallet_activity', 'flows', 'kafka', 'webhooks'] as const;
export type Consumer = (typeof CONSUMERS)[number];

/** Where a message goes that could not be handed on, until somebody decides. */
const DEAD_LETTER_QUEUES = ['wallet_activity', 'flows', 'kafka', 'webhooks'] as const;

/** Few, for there is a series of each for each resource and each task. */
const ANSWER_SECONDS = [0.005, 0.025, 0.1, 0.5, 2];
const WORK_SECONDS = [0.005, 0.025, 0.1, 0.5, 2.5];
/** Up to the usual deadline. */
const MOVEMENT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const pools = new Map<string, Set<Pool>>();
  declareProcess(registry, pools);
  return {
    registry,
    ...httpMetrics(registry),
    ...workMetrics(registry),
    ...stateMetrics(registry),
    ...eventState(registry),
    ...orderState(registry),
    movements: movementCounts(registry),
    orders: orderCounts(registry),
    /** Shows the pool until the process ends. Pools of one name are summed. */
    watchPool(name: string, pool: Pool): void {
      pools.set(name, (pools.get(name) ?? new Set()).add(pool));
    },
  };
}

/** What counts the movements of this process. */
export function countsOf(metrics: Metrics | undefined): MovementCounts {
  return metrics?.movements ?? UNCOUNTED;
}

/** What counts the orders of this process. */
export function orderCountsOf(metrics: Metrics | undefined): OrderCounts {
  return metrics?.orders ?? UNCOUNTED_ORDERS;
}

function httpMetrics(registry: Registry) {
  return {
    requests: countingOf(
      registry,
      {
        name: 'http_requests_total',
        help: 'Requests that the API has answered, by method, pattern of the route and status. Route none: no route has it, or it was answered 401, 403, 413, 415, 429 or 501, for its credential, its size, its rate or what is not configured.',
      },
      { method: TOLD_LATER, route: TOLD_LATER, status: TOLD_LATER },
    ),
    answers: timingOf(
      registry,
      {
        name: 'http_request_duration_seconds',
        help: 'Seconds from a request, with its headers, to the beginning of its answer, by method and resource: the first part of the path of its route, as /v1/transfers (pages: the console and the documentation). Requests that no route has are left out.',
        buckets: ANSWER_SECONDS,
      },
      { method: TOLD_LATER, resource: TOLD_LATER },
    ),
    shed: countingOf(
      registry,
      {
        name: 'counterpoise_requests_shed_total',
        help: 'Requests that were refused with 429 before anything was done, by what there was too much of.',
      },
      { cause: SHED_CAUSES },
    ),
  };
}

function workMetrics(registry: Registry) {
  const task = { worker: TOLD_LATER, task: TOLD_LATER };
  return {
    consumed: countingOf(
      registry,
      {
        name: 'events_consumed_total',
        help: 'Events that a consumer is done with: copied into the log, applied to the projection, published to Kafka, or accepted by a webhook endpoint.',
      },
      { consumer: CONSUMERS },
    ),
    processing: timingOf(
      registry,
      {
        name: 'worker_processing_duration_seconds',
        help: 'Seconds that one attempt of a task took in a worker, however it ended: an activity, a page of events, a webhook.',
        buckets: WORK_SECONDS,
      },
      task,
    ),
    retries: countingOf(
      registry,
      { name: 'worker_retries_total', help: 'Attempts of a task in a worker that were not its first one.' },
      task,
    ),
    deadLetters: countingOf(
      registry,
      {
        name: 'dlq_messages_total',
        help: 'Messages that were given up and are kept until somebody decides: dead letters of the projection and of Kafka, and webhook deliveries that were tried for as long as they may be.',
      },
      { queue: DEAD_LETTER_QUEUES },
    ),
  };
}

function movementCounts(registry: Registry): MovementCounts {
  const accepted = countingOf(
    registry,
    {
      name: 'counterpoise_movements_accepted_total',
      help: 'Movements that were stored for the first time, by kind. A repeat of a request is none.',
    },
    { kind: MOVEMENT_KINDS },
  );
  const ended = countingOf(
    registry,
    {
      name: 'counterpoise_movements_ended_total',
      help: 'Movements whose end was written, by kind, status and failure reason. class: ok, refused (by the wallets, for a reason that the client can do something about), canceled (by request or because a hold was not captured) or fault (this service failed).',
    },
    { kind: TOLD_LATER, status: TOLD_LATER, reason: TOLD_LATER, class: TOLD_LATER },
  );
  for (const end of MOVEMENT_ENDS) ended.begin({ ...end, class: classOf(end) });
  const durations = timingOf(
    registry,
    {
      name: 'counterpoise_movement_duration_seconds',
      help: 'Seconds from when a movement could begin (its acceptance, its approval or its scheduled time, whichever is the latest) to its end, by the clock of the transfer database. What ended before is left out. A batch counts once, as a whole; holds are left out, for they last until somebody captures them.',
      buckets: MOVEMENT_SECONDS,
    },
    { kind: TIMED_KINDS },
  );
  const compensations = countingOf(
    registry,
    {
      name: 'counterpoise_compensations_total',
      help: 'Transfers that ended otherwise than COMPLETED after their debit, so that the money was given back, by the cause: the failure reason, or canceled.',
    },
    { cause: COMPENSATION_CAUSES },
  );
  return {
    accepted: (kind, count) => accepted.add({ kind }, count),
    ended: ({ kind, status, reason }, count) =>
      ended.add({ kind, status, reason, class: classOf({ status, reason }) }, count),
    lasted: (kind, seconds) => durations.observe({ kind }, seconds),
    compensated: (cause, count) => compensations.add({ cause }, count),
  };
}

/** What a collector sets: see workers/collector.ts. */
function stateMetrics(registry: Registry) {
  const show = showing(registry);
  return {
    collectorSuccess: show(
      'collector_last_success_timestamp_seconds',
      'When the collector has last looked at this part of the state, in seconds since 1970; 0 if it never has. Gauges of a part that has failed for longer than a minute are taken away.',
      ['part'],
    ),
    inFlight: show(
      'movements_in_flight',
      'Movements that have not ended, by kind and status: of each status at most the 100,000 oldest, and of SCHEDULED and DEBITED as many of the newest.',
      ['kind', 'status'],
    ),
    oldestInFlight: show(
      'movement_oldest_age_seconds',
      'Seconds since the oldest movement that has not ended could begin (since it was accepted or approved, or since its scheduled time), by kind. 0 if there is none, or if that is to come.',
      ['kind'],
    ),
    stuck: show(
      'movements_stuck',
      'Movements that should have ended five minutes ago: accepted, approved, due or captured before, or holds that expired before; and those that need an operator.',
      ['kind'],
    ),
    openCases: show('cases_open', 'Cases that wait for an operator, by reason.', ['reason']),
    oldestCase: show('case_oldest_age_seconds', 'Seconds since the oldest open case was opened. 0 if there is none.'),
    approvalsAwaiting: show('approvals_awaiting', 'What waits for approvals, at most 100,000.'),
    approvalsOverridden: show('approvals_overridden', 'What was let go unapproved within the last hour.'),
    reconciliationEnd: show(
      'reconciliation_last_end_timestamp_seconds',
      'When a run of the reconciliation last came to its end (CLEAN, REPAIRED or FOUND), in seconds since 1970; 0 if none ever has.',
    ),
    ledgerBalanced: show(
      'ledger_balanced',
      '1 if the balances of all wallets in a currency, external ones included, sum to minus what was under way while they were read; 0 if money is missing or came from nowhere.',
      ['currency'],
    ),
    backlogTasks: show('backlog_tasks', "Tasks that wait for a worker, by Temporal's estimate.", ['queue', 'type']),
    backlogAge: show(
      'backlog_oldest_age_seconds',
      "Seconds since the oldest task that waits for a worker was added, by Temporal's estimate. 0 if none waits.",
      ['queue', 'type'],
    ),
  };
}

/** What a collector sets of outboxes, of the event log, and of those who read it. */
function eventState(registry: Registry) {
  const show = showing(registry);
  return {
    outboxLagEvents: show('outbox_lag_events', 'Events in an outbox that are not in the event log.', ['outbox']),
    outboxLagSeconds: show(
      'outbox_lag_seconds',
      'Seconds since the oldest event was written that is in an outbox and not in the event log; if nobody has looked into the outbox for two minutes, the seconds since. 0 if all are in the log.',
      ['outbox'],
    ),
    outboxStopped: show('outbox_stopped', '1 if an outbox is read no further until an operator decides, else 0.', [
      'outbox',
    ]),
    logLagEvents: show(
      'log_lag_events',
      'Events in the log that a reader has not read; of webhooks, the endpoint that is furthest behind.',
      ['reader'],
    ),
    logLagSeconds: show(
      'log_lag_seconds',
      'Seconds since the next event of a reader was written; of webhooks, the endpoint that is furthest behind. 0 if it has read all.',
      ['reader'],
    ),
    webhookEndpoints: show('webhook_endpoints', 'Webhook endpoints, by status.', ['status']),
    webhookPending: show('webhook_deliveries_pending', 'Webhook deliveries that have failed and are tried again.'),
    deadLettersKept: show(
      'dead_letters',
      'What was given up and waits for a decision, by consumer: dead letters of projections, and of webhooks the deliveries that were given up, at most 100,000, until they are delivered after all, their endpoint is deleted, or five weeks have gone by. Those of Kafka are in its topic alone.',
      ['consumer'],
    ),
  };
}

function showing(registry: Registry) {
  return <Name extends string = never>(name: string, help: string, labels: readonly Name[] = []) =>
    showingOf(registry, { name: `counterpoise_${name}`, help }, labels);
}
