/** The routes that test a webhook endpoint, give it another secret, and make it active again. */
import { randomUUID } from 'node:crypto';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { enableEndpoint, rotateSecret } from '../../db/events/endpoint-queries.ts';
import { earlierSecrets, SIGNING_SECRETS_MAX } from '../../domain/events/signing-secrets.ts';
import { testEvent } from '../../domain/events/webhook.ts';
import { newSecret, signatureHeaders } from '../../webhooks/signature.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJsonOrNothing } from '../http/request-body.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import {
  endpointAnswer,
  endpointNotFound,
  endpointWithSecret,
  existingEndpoint,
  idParameter,
  oneProblems,
  path,
  renderEndpoint,
  tags,
  toolsOf,
  type WebhookDeps,
} from './webhook-fields.ts';

const EXPIRES_IN_MAX = 604_800;
const EXPIRES_IN_DEFAULT = 86_400;

const test = createRoute({
  method: 'post',
  path: `${path}/test`,
  operationId: 'testWebhookEndpoint',
  summary: 'Send a test event now',
  tags,
  description:
    'Sends a signed `webhook.test` event, whatever the status of the endpoint, and returns what the receiver made of it. It is sent ' +
    'once and is in no log.',
  middleware: requiresInTenant('webhooks:write'),
  request: { params: idParameter },
  responses: {
    200: {
      description: 'The result, good or bad.',
      content: {
        'application/json': {
          schema: z
            .object({
              webhook_id: z.string().openapi({ example: 'test_0d9c2f7e-6a51-4b3c-8e1d-7f2a3b4c5d6e' }),
              delivered: z.boolean().openapi({ description: 'Whether the receiver answered 2xx.' }),
              status_code: z.int().nullable().openapi({ example: 204 }),
              error_code: z.string().nullable().openapi({ example: null, description: 'Stable: `timeout`, `gone` …' }),
              answer: z.string().nullable().openapi({ description: 'The first KiB of the answer.' }),
              duration_ms: z.int().openapi({ example: 120 }),
            })
            .openapi('WebhookTest'),
        },
      },
    },
    ...problemResponses(...oneProblems, 'webhooks_not_configured'),
  },
});

const rotate = createRoute({
  method: 'post',
  path: `${path}/rotate-secret`,
  operationId: 'rotateWebhookSecret',
  summary: 'Give a webhook endpoint another secret',
  tags,
  description: `The secret of until now signs too for \`expires_in\` seconds, so that receivers accept by either. One of an earlier rotation
signs on until its own time, so that a repeat takes from nobody the secret that they know; no more than ${SIGNING_SECRETS_MAX} sign at
once. With 0 the new one signs alone.`,
  middleware: [requiresInTenant('webhooks:write'), readJsonOrNothing] as const,
  request: {
    params: idParameter,
    body: {
      content: {
        'application/json': {
          schema: z.strictObject(
            {
              expires_in: z
                .int({ error: faultCode('secret_expires_in_invalid') })
                .min(0, 'secret_expires_in_invalid')
                .max(EXPIRES_IN_MAX, 'secret_expires_in_invalid')
                .default(EXPIRES_IN_DEFAULT),
            },
            { error: faultCode('body_invalid') },
          ),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'The endpoint with its new secret, which is not shown again.',
      content: { 'application/json': { schema: endpointWithSecret } },
    },
    ...problemResponses(
      ...oneProblems,
      ...BODY_PROBLEMS,
      'secret_expires_in_invalid',
      'webhook_secrets_exceeded',
      'webhooks_not_configured',
    ),
  },
});

const enable = createRoute({
  method: 'post',
  path: `${path}/enable`,
  operationId: 'enableWebhookEndpoint',
  summary: 'Make a webhook endpoint active again',
  tags,
  description: `\`cursor\`: it goes on where it was, and everything since is sent. \`now\`: it goes on with the next event; what was
pending is given up, and a replay brings it back.`,
  middleware: [requiresInTenant('webhooks:write'), readJsonOrNothing] as const,
  request: {
    params: idParameter,
    body: {
      content: {
        'application/json': {
          schema: z.strictObject(
            { from: z.enum(['cursor', 'now'], { error: faultCode('from_invalid') }).default('cursor') },
            { error: faultCode('body_invalid') },
          ),
        },
      },
    },
  },
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: endpointAnswer } } },
    ...problemResponses(...oneProblems, ...BODY_PROBLEMS, 'from_invalid', 'position_expired'),
  },
});

export function webhookControlRoutes(deps: WebhookDeps) {
  const { eventsDatabase: database } = deps;
  return new OpenAPIHono<ApiEnv>()
    .openapi(test, async (c) => {
      const { box, sendOnce } = toolsOf(deps);
      const { webhook_endpoint_id: id } = c.req.valid('param');
      c.var.log.setBindings({ webhook_endpoint_id: id });
      const endpoint = await existingEndpoint(c, database, id);
      // The receiver may take its time; this is no work of ours.
      c.var.slot.becomeWaiter();
      const now = new Date();
      const eventId = randomUUID();
      const webhookId = `test_${eventId}`;
      const body = JSON.stringify(testEvent(id, eventId, now));
      // As events are while a secret is rotated.
      const secrets = [endpoint, ...earlierSecrets(endpoint, now)].map(({ secret }) => box.open(secret, id));
      const headers = signatureHeaders(webhookId, body, secrets, now);
      const { isAccepted, statusCode, errorCode, answer, durationMs } = await sendOnce({
        url: endpoint.url,
        headers,
        body,
      });
      return c.json(
        {
          webhook_id: webhookId,
          delivered: isAccepted,
          status_code: statusCode ?? null,
          error_code: errorCode ?? null,
          answer: answer ?? null,
          duration_ms: durationMs,
        },
        200,
      );
    })
    .openapi(rotate, async (c) => {
      const { box } = toolsOf(deps);
      const { webhook_endpoint_id: id } = c.req.valid('param');
      const { expires_in: expiresIn } = c.req.valid('json');
      c.var.log.setBindings({ webhook_endpoint_id: id });
      await existingEndpoint(c, database, id);
      const secret = newSecret();
      const sealed = box.seal(secret, id);
      const rotated = await boundedQuery(database, () => rotateSecret(database, id, sealed, expiresIn, byWhom(c)), {
        isWrite: true,
      });
      if (rotated === undefined) throw endpointNotFound(id);
      if (rotated === 'exceeded')
        throw new ProblemError('webhook_secrets_exceeded', {
          detail: `There may be ${SIGNING_SECRETS_MAX}: wait until one has expired, or let the new one sign alone by an \`expires_in\` of 0.`,
        });
      return c.json({ ...renderEndpoint(rotated), secret }, 200);
    })
    .openapi(enable, async (c) => {
      const { webhook_endpoint_id: id } = c.req.valid('param');
      const { from } = c.req.valid('json');
      c.var.log.setBindings({ webhook_endpoint_id: id });
      await existingEndpoint(c, database, id);
      const enabled = await boundedQuery(database, () => enableEndpoint(database, id, from, byWhom(c)), {
        isWrite: true,
      });
      if (enabled === undefined) throw endpointNotFound(id);
      if (enabled === 'expired')
        throw new ProblemError('position_expired', {
          detail: 'Events behind its cursor are gone: enable it from now.',
        });
      return c.json(renderEndpoint(enabled), 200);
    });
}
