/** The parts that the routes of webhooks share: their dependencies, the fields of requests, and the answers. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import { findEndpoint, type WebhookEndpoint } from '../../db/events/endpoint-queries.ts';
import { EVENT_TYPES } from '../../domain/events/event-types.ts';
import { earlierSecrets } from '../../domain/events/signing-secrets.ts';
import { DISABLED_REASONS, ENDPOINT_STATUSES, ORDERINGS } from '../../domain/events/webhook.ts';
import type { WebhookEndpointId } from '../../domain/ids.ts';
import type { SecretBox } from '../../webhooks/sealed-secret.ts';
import type { Message, SendResult } from '../../webhooks/sender.ts';
import type { UrlGuard } from '../../webhooks/url-guard.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { exampleEndpointId, idAnswer, instantAnswer, textField, webhookEndpointIdField } from '../http/fields.ts';
import { faultyRequest, ProblemError } from '../http/problem.ts';
import { bodyFault, faultCode } from '../http/validation.ts';

/** What endpoints are made and tested with. */
export interface WebhookTools {
  readonly box: SecretBox;
  readonly guard: UrlGuard;
  /** Sends one message over a connection of its own. */
  readonly sendOnce: (message: Message) => Promise<SendResult>;
}

export interface WebhookDeps {
  /** The events service's database. */
  readonly eventsDatabase: Database;
  /** Undefined where the setting WEBHOOK_KEYS is missing. */
  readonly webhooks: WebhookTools | undefined;
}

const TYPES_MAX = 50;

export const tags = ['Webhooks'];
export const path = '/v1/webhook-endpoints/{webhook_endpoint_id}';
export const idParameter = z.object({ webhook_endpoint_id: webhookEndpointIdField });
export const oneProblems = [
  'webhook_endpoint_not_found',
  'webhook_endpoint_id_invalid',
  'database_unavailable',
] as const;
export const urlProblems = [
  'webhook_url_invalid',
  'webhook_url_not_https',
  'webhook_url_has_credentials',
  'webhook_url_address_forbidden',
  'webhook_url_unresolvable',
] as const;

export const urlField = textField(2_048).openapi({
  format: 'uri',
  example: 'https://example.com/counterpoise',
  description:
    'https, without credentials, and leading to public addresses only, at each delivery again. Redirects are not followed. An ' +
    'operator may allow other networks (`WEBHOOK_ALLOW_CIDRS`), to which http is allowed, too.',
});

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES.map(({ type }) => type));

const eventType = z
  .string({ error: faultCode('event_types_invalid') })
  .regex(/^[a-z0-9.-]{1,100}$/, { error: 'event_types_invalid', abort: true })
  .refine((type) => KNOWN_TYPES.has(type), 'event_type_unknown');

/** Types that are not known are refused: an endpoint would wait for ever for a misspelled one, and nobody would notice. */
export const eventTypesField = z
  .array(eventType, { error: faultCode('event_types_invalid') })
  .min(1, 'event_types_invalid')
  .max(TYPES_MAX, 'event_types_invalid')
  .nullable()
  .openapi({
    example: ['transfer.completed', 'transfer.failed'],
    description:
      'Null: every type but those of the audit log, `audit.…`, which have to be named. Those that there are: `GET /v1/event-types`.',
  });

export const orderingField = z.enum(ORDERINGS, { error: faultCode('ordering_invalid') }).openapi({
  description:
    '`subject`: the events of one wallet or transfer are delivered one after the other, in their order; one that fails holds up the ' +
    'later ones of its subject, and no other. `none`: each by itself.',
});

export const endpointAnswer = z
  .object({
    webhook_endpoint_id: idAnswer(exampleEndpointId),
    url: z.string().openapi({ example: 'https://example.com/counterpoise' }),
    types: z.array(z.string()).nullable(),
    ordering: z.enum(ORDERINGS),
    status: z.enum(ENDPOINT_STATUSES),
    disabled_reason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .openapi({
        description:
          '`gone`: the receiver answered 410. `failing`: it accepted nothing for five days. `position_expired`: the events behind the ' +
          'cursor are no longer kept.',
      }),
    cursor: z.int().openapi({
      example: 42,
      description: 'Each event up to this position was delivered, is a pending delivery, or waits behind one.',
    }),
    failing_since: instantAnswer.nullable(),
    previous_secret_expires_at: instantAnswer.nullable().openapi({
      description: 'Until then a secret of before a rotation signs too; null if none does.',
    }),
    created_at: instantAnswer,
    updated_at: instantAnswer,
  })
  .openapi('WebhookEndpoint');

export const endpointWithSecret = endpointAnswer
  .extend({
    secret: z.string().openapi({
      example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
      description: 'Verifies the signatures. It is shown this once.',
    }),
  })
  .openapi('WebhookEndpointWithSecret');

export function renderEndpoint(endpoint: WebhookEndpoint): z.infer<typeof endpointAnswer> {
  const untilMs = earlierSecrets(endpoint, new Date()).map(({ expiresAt }) => expiresAt.getTime());
  return {
    webhook_endpoint_id: endpoint.webhookEndpointId,
    url: endpoint.url,
    types: endpoint.types,
    ordering: endpoint.ordering,
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    cursor: endpoint.cursor,
    failing_since: endpoint.failingSince?.toISOString() ?? null,
    previous_secret_expires_at: untilMs.length > 0 ? new Date(Math.max(...untilMs)).toISOString() : null,
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  };
}

export function toolsOf({ webhooks }: WebhookDeps): WebhookTools {
  if (webhooks === undefined)
    throw new ProblemError('webhooks_not_configured', { detail: 'The setting WEBHOOK_KEYS_FILE is missing.' });
  return webhooks;
}

/** Throws the guard's refusal of a URL in a body. */
export async function refuseUrl({ guard }: WebhookTools, url: string): Promise<void> {
  const refused = await guard.check(url);
  if (refused !== undefined) throw faultyRequest([bodyFault(refused.code, ['url'], refused.detail)]);
}

/** An endpoint of the tenant that asks. */
export async function existingEndpoint(
  c: Context<ApiEnv>,
  database: Database,
  id: WebhookEndpointId,
): Promise<WebhookEndpoint> {
  const endpoint = await boundedQuery(database, () => findEndpoint(database, id));
  if (endpoint === undefined || endpoint.tenant !== c.var.holder.tenant) throw endpointNotFound(id);
  return endpoint;
}

export function endpointNotFound(id: WebhookEndpointId): ProblemError {
  return new ProblemError('webhook_endpoint_not_found', { detail: `There is no webhook endpoint ${id}.` });
}
