// Webhook endpoints over an event log that the test writes, delivered by workers that the test starts.

import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { findEndpoint, createEndpoint, type WebhookEndpoint } from '../../db/events/endpoint-queries.ts';
import type { Ordering } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import { createSecretBox, type SecretBox } from '../../webhooks/sealed-secret.ts';
import { newSecret } from '../../webhooks/signature.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { startWebhooks, type Webhooks, type WebhooksDeps } from '../../workers/events/webhooks/dispatcher.ts';
import { rowsOf, type TestCluster, type TestDatabase } from './database.ts';

export interface TestEvent {
  readonly subject: string;
  readonly type?: string;
}

export interface Delivery extends Record<string, unknown> {
  readonly position: number;
  readonly subject: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_status_code: number | null;
  readonly last_error_code: string | null;
}

export interface Hooks {
  readonly events: TestDatabase;
  readonly box: SecretBox;
  readonly append: (...events: TestEvent[]) => Promise<void>;
  readonly endpoint: (
    url: string,
    options?: { ordering?: Ordering; types?: string[]; secret?: string },
  ) => Promise<WebhookEndpointId>;
  readonly find: (id: WebhookEndpointId) => Promise<WebhookEndpoint>;
  readonly deliveries: (id: WebhookEndpointId) => Promise<Delivery[]>;
  readonly start: (deps?: Partial<WebhooksDeps>) => Webhooks;
  /** Resolves once it is so; what is pending is due at once until then. */
  readonly until: (
    what: string,
    isSo: () => Promise<boolean> | boolean,
    options?: { hurries?: boolean },
  ) => Promise<void>;
  readonly stopAll: () => Promise<void>;
}

const LIMIT_MS = 60_000;

export async function openHooks(cluster: TestCluster): Promise<Hooks> {
  const { events } = await cluster.createStores({ shards: 1 });
  const box = createSecretBox([{ id: 'test', key: randomBytes(32) }]);
  const started: Webhooks[] = [];

  const hooks: Hooks = {
    events,
    box,
    async append(...given) {
      const list = given.map(({ subject, type = 'test.happened' }) => ({ subject, type }));
      await rowsOf(
        events.admin,
        `WITH given AS (
           SELECT position + place AS position, item->>'type' AS type, item->>'subject' AS subject
           FROM log_head, json_array_elements('${JSON.stringify(list)}') WITH ORDINALITY AS items (item, place)
         ), logged AS (
           INSERT INTO event_log (position, event_id, type, subject, time, source, payload, chain)
           SELECT position, type || '/' || position, type, subject, clock_timestamp(), 'transfer',
             json_build_object('specversion', '1.0', 'id', type || '/' || position, 'type', type, 'subject', subject, 'data', json_build_object()), ''
           FROM given
         )
         UPDATE log_head SET position = position + ${list.length}`,
      );
      for (const webhooks of started) webhooks.wake();
    },
    async endpoint(url, { ordering = 'subject', types, secret = newSecret() } = {}) {
      const webhookEndpointId = randomUUID() as WebhookEndpointId;
      await createEndpoint(events.service, {
        webhookEndpointId,
        url,
        types: types ?? null,
        ordering,
        secret: box.seal(secret, webhookEndpointId),
      });
      return webhookEndpointId;
    },
    find: async (id) => (await findEndpoint(events.service, id))!,
    deliveries: (id) =>
      rowsOf(
        events.admin,
        `SELECT position::int, subject, status, attempts, last_status_code, last_error_code FROM webhook_deliveries WHERE webhook_endpoint_id = '${id}' ORDER BY position`,
      ),
    start(deps) {
      const webhooks = startWebhooks({
        database: cluster.open(events.serviceUrl),
        sender: { guard: createUrlGuard(['127.0.0.0/8']), timeoutMs: 2_000 },
        box,
        logger: pino({ level: 'warn' }),
        probePauseMs: () => 200,
        ...deps,
      });
      started.push(webhooks);
      return webhooks;
    },
    async until(what, isSo, { hurries = true } = {}) {
      const deadline = Date.now() + LIMIT_MS;
      while (!(await isSo())) {
        if (Date.now() > deadline) throw new Error(`${what}, after ${LIMIT_MS / 1_000} s`);
        if (hurries)
          await rowsOf(
            events.admin,
            `UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp() WHERE status = 'PENDING' AND next_attempt_at > clock_timestamp()`,
          );
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stopAll() {
      await Promise.all(started.splice(0).map((webhooks) => webhooks.stop()));
    },
  };
  return hooks;
}
