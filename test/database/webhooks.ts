// Webhook endpoints over an event log that the test writes, delivered by workers that the test starts to receivers that it opens.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, afterEach, before } from 'node:test';
import { pino } from 'pino';
import type { Database } from '../../db/database.ts';
import { findEndpoint, createEndpoint, type WebhookEndpoint } from '../../db/events/endpoint-queries.ts';
import type { Ordering } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import { createSecretBox, type SecretBox } from '../../webhooks/sealed-secret.ts';
import { newSecret } from '../../webhooks/signature.ts';
import { openConnections } from '../../webhooks/sender.ts';
import { createUrlGuard } from '../../webhooks/url-guard.ts';
import { startWebhooks, type Webhooks, type WebhooksDeps } from '../../workers/events/webhooks/dispatcher.ts';
import { testApp } from '../pure/api-fakes.ts';
import { startReceiver, type Receiver } from '../pure/webhook-receiver.ts';
import { rowsOf, startCluster, type TestCluster, type TestDatabase } from './database.ts';

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
  /** The connections of one worker. */
  readonly connect: () => Database;
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

/** Called in a suite: a cluster for its tests; `open` makes the hooks of one test, which end with it, as do its receivers. */
export function useHooks() {
  let cluster: TestCluster;
  let hooks: Hooks | undefined;
  const receivers: Receiver[] = [];
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());
  afterEach(async () => {
    await hooks?.stopAll();
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close().catch(() => {})));
  });
  return {
    open: async (): Promise<Hooks> => (hooks = await openHooks(cluster)),
    receiver: async (...args: Parameters<typeof startReceiver>): Promise<Receiver> => {
      const started = await startReceiver(...args);
      receivers.push(started);
      return started;
    },
  };
}

const LIMIT_MS = 120_000;

export interface WebhookAnswer extends Record<string, unknown> {
  readonly webhook_endpoint_id: WebhookEndpointId;
  readonly secret: string;
  readonly code: string;
}

export type WebhookApi = ReturnType<typeof openWebhookApi>;

/** The API over the database of the hooks; `allowed` are the networks that it sends to. */
export function openWebhookApi({ events, box }: Hooks, allowed: string[] = ['127.0.0.0/8']) {
  const guard = createUrlGuard(allowed);
  const { send } = openConnections({ guard, timeoutMs: 2_000 }, 1);
  const { app } = testApp({ eventsDatabase: events.service, webhooks: { guard, box, sendOnce: send } });
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await app.request(`/v1/webhook-endpoints${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as WebhookAnswer };
  };
  const create = async (url: string, more: object = {}) => {
    const { status, body } = await ask('POST', '', { url, ...more });
    assert.equal(status, 201, JSON.stringify(body));
    return { id: body.webhook_endpoint_id, secret: body.secret };
  };
  return { ask, create };
}

async function openHooks(cluster: TestCluster): Promise<Hooks> {
  const { events } = await cluster.createStores({ shards: 1 });
  const box = createSecretBox([{ id: 'test', key: randomBytes(32) }]);
  const started: Webhooks[] = [];

  const hooks: Hooks = {
    events,
    box,
    connect: () => cluster.open(events.serviceUrl),
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
        database: hooks.connect(),
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
