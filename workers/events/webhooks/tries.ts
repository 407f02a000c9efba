/** The tries of a course: an event is signed and sent, and what comes of it is told to the circuit and stored. */
import { FAILING_MAX_MS, pauseBeforeRetryMs } from '../../../domain/events/retry-schedule.ts';
import type { EarlierSecret } from '../../../domain/events/signing-secrets.ts';
import { webhookBody, webhookId } from '../../../domain/events/webhook.ts';
import type { EventToSend } from '../../../db/events/delivery-queries.ts';
import { bringForward, storeFailure } from '../../../db/events/delivery-writes.ts';
import type { Connections, SendResult } from '../../../webhooks/sender.ts';
import { signatureHeaders } from '../../../webhooks/signature.ts';
import { countConsumed, noteDuration } from '../measured.ts';
import { tracedDelivery } from '../traced-events.ts';
import type { CourseState } from './course-state.ts';

/** The secrets of an endpoint, to be read. */
export interface OpenSecrets {
  readonly secret: string;
  /** Those of before, which sign too until their time. */
  readonly earlier: readonly EarlierSecret[];
}

export interface TryDeps {
  readonly secrets: OpenSecrets;
  readonly connections: Connections;
  /** Whether this process may still send; see workers/events/while-leased.ts. */
  readonly isHeld: () => Promise<boolean>;
}

/**
 * Which try it is. Only first tries open the circuit: however often an event is tried again that is never accepted, it says nothing
 * of the others. A probe is a try while the circuit is open.
 */
export type TryKind = 'first' | 'again' | 'probe';

/** A try that failed, among those of its delivery. */
export interface FailedTry {
  readonly result: SendResult;
  /** This one included. */
  readonly attempts: number;
  readonly sinceFirstMs: number;
  readonly parksSubject: boolean;
}

export interface Tries {
  /** Sends an event. Undefined if it was not sent or if the end cut it short: then it counts as not tried. */
  readonly attempt: (event: EventToSend, kind: TryKind) => Promise<SendResult | undefined>;
  /** Stores a failure. Returns whether the delivery goes on, or is given up; undefined if the course has ended. */
  readonly fail: (event: EventToSend, failed: FailedTry) => Promise<'pending' | 'given up' | undefined>;
}

export function createTries(course: CourseState, { secrets, connections, isHeld }: TryDeps): Tries {
  const { database, metrics, owner, circuit, ending, retriesAlarm } = course;
  const { url } = course.endpoint;

  return {
    async attempt({ position, type, payload }, kind) {
      if (ending.aborted || payload === undefined) return undefined;
      if (!(await isHeld())) {
        course.end();
        return undefined;
      }
      const body = webhookBody(position, payload);
      const headers = signatureHeaders(webhookId(position), body, validSecrets(secrets), new Date());
      const result = await tracedDelivery({ position, type, payload }, (traceparent) =>
        connections.send({ url, headers: { ...headers, ...traceparent }, body }, course.cutting),
      );
      if (course.cutting.aborted && !result.isAccepted) return undefined;
      noteDuration(metrics, 'webhook', result.durationMs);
      if (result.isAccepted) countConsumed(metrics, 'webhooks', 1);
      await conclude(result, kind);
      return result;
    },
    async fail(event, { result, attempts, sinceFirstMs, parksSubject }) {
      const { retryAfterMs } = result;
      const pauseMs = pauseBeforeRetryMs({ attempts, sinceFirstMs, retryAfterMs }, Math.random());
      const failure = { attempt: result, pauseMs, retryAfterMs, parksSubject };
      const stored = await storeFailure(database, owner, event, failure);
      if (stored === undefined) {
        course.end();
        return undefined;
      }
      if (!stored.wasPending && pauseMs !== undefined) course.addPending(1);
      if (stored.wasPending && pauseMs === undefined) course.addPending(-1);
      if (pauseMs === undefined) metrics?.deadLetters.add({ queue: 'webhooks' });
      if (stored.failingMs > FAILING_MAX_MS) await course.disable('failing');
      return pauseMs === undefined ? 'given up' : 'pending';
    },
  };

  async function conclude({ isAccepted, statusCode }: SendResult, kind: TryKind): Promise<void> {
    if (isAccepted) {
      course.noteSuccess();
      if (!circuit.succeeded()) return;
      course.logger.info({ webhook_endpoint_id: owner.webhookEndpointId }, 'a webhook endpoint accepts again');
      await bringForward(database, owner);
      retriesAlarm.ring();
    } else if (statusCode === 410) {
      await course.disable('gone');
    } else if (kind === 'probe' || (kind === 'first' && saysNothingOfTheEvent(statusCode))) {
      circuit.failed(kind === 'probe');
      retriesAlarm.ring();
    }
  }
}

/** Whether a failure is the endpoint's and not, as far as its answer says, the event's. */
function saysNothingOfTheEvent(statusCode: number | undefined): boolean {
  return statusCode === undefined || statusCode === 429 || statusCode >= 500;
}

function validSecrets({ secret, earlier }: OpenSecrets): string[] {
  const now = new Date();
  return [secret, ...earlier.filter(({ expiresAt }) => expiresAt > now).map((each) => each.secret)];
}
