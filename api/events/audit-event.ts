/** The route of the audit log: what principals have changed, newest first. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listAuditEvents, type LoggedAudit } from '../../db/events/audit-queries.ts';
import { AUDIT_ACTION_NAMES, type AuditAction } from '../../domain/audit-actions.ts';
import { NO_ID } from '../../domain/audit-event.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import {
  exampleKeyId,
  examplePrincipalId,
  exampleWalletId,
  idAnswer,
  instantAnswer,
  instantField,
  principalIdField,
  textField,
} from '../http/fields.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';
import type { EventDeps } from './event.ts';

const OBJECT_CHARACTERS_MAX = 255;

const auditEventAnswer = z
  .object({
    audit_event_id: idAnswer('0d4e8a52-7f13-8c60-92ab-5e6d7c8b9a01'),
    at: instantAnswer,
    action: z.string().openapi({ example: 'wallet-suspended' }),
    object: z.string().openapi({ example: exampleWalletId, description: 'The id, or the name, of what was changed.' }),
    principal: z.string().openapi({
      example: 'alice',
      description: 'The principal whose key it was; `administrator` of what was done with the installation itself.',
    }),
    principal_id: idAnswer(examplePrincipalId).nullable(),
    api_key_id: idAnswer(exampleKeyId).nullable(),
    on_behalf_of: z
      .string()
      .nullable()
      .openapi({ example: null, description: 'Whom the request said that the principal acts for.' }),
    details: z.record(z.string(), z.string()).openapi({ example: {} }),
    request_id: z.string().nullable().openapi({ description: 'The `X-Request-Id`, as log lines and events have it.' }),
    position: z.int().openapi({ example: 42, description: 'Where the event log has it, whose chain covers it.' }),
  })
  .openapi('AuditEvent');

const list = createRoute({
  method: 'get',
  path: '/v1/audit-events',
  operationId: 'listAuditEvents',
  summary: 'What principals have changed, newest first',
  tags: ['Audit log'],
  description: `Keys made, rotated and revoked, wallets opened, suspended and limited, cases decided, prices and stock changed, webhook endpoints
changed, and so on, each with the principal that has done it: every change but movements and orders, which are events of their own. An entry is written together with the change, is in the event log as \`audit.<action>\`, and is here within a
second of that. Entries are kept for ever; nothing changes them. Whoever may read events reads them there, too.`,
  middleware: requiresInTenant('audit:read'),
  request: {
    query: z.strictObject({
      principal_id: principalIdField.optional(),
      action: z
        .enum(AUDIT_ACTION_NAMES, { error: faultCode('action_invalid') })
        .optional()
        .openapi({ example: 'wallet-suspended' satisfies AuditAction }),
      object: textField(OBJECT_CHARACTERS_MAX).optional().openapi({ example: exampleWalletId }),
      created_after: instantField.optional().openapi({ description: 'This instant included.' }),
      created_before: instantField.optional().openapi({ description: 'This instant excluded.' }),
      ...pageParameters,
    }),
  },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(auditEventAnswer) } } },
    ...problemResponses(
      ...PAGE_PROBLEMS,
      'principal_id_invalid',
      'action_invalid',
      'text_invalid',
      'too_long',
      'instant_invalid',
      'database_unavailable',
    ),
  },
});

export function auditEventRoutes({ eventsDatabase: database }: EventDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(list, async (c) => {
    const { principal_id: principalId, action, object, limit, cursor, ...period } = c.req.valid('query');
    const after = placeAfter(c, cursor);
    const { tenant } = c.var.holder;
    const filter = { tenant, principalId, action, object, from: period.created_after, until: period.created_before };
    const listed = await boundedQuery(database, () => listAuditEvents(database, filter, after, limit + 1));
    const placeOf = ({ createdAt, auditEventId: id }: LoggedAudit) => ({ createdAt, id });
    return c.json(creationPage(c, listed, { limit, placeOf, render }), 200);
  });
}

function render(entry: LoggedAudit): z.infer<typeof auditEventAnswer> {
  return {
    audit_event_id: entry.auditEventId,
    at: entry.createdAt.toISOString(),
    action: entry.action,
    object: entry.object,
    principal: entry.principal,
    principal_id: idOf(entry.principalId),
    api_key_id: idOf(entry.apiKeyId),
    on_behalf_of: entry.onBehalfOf,
    details: entry.details,
    request_id: entry.requestId,
    position: entry.position,
  };
}

function idOf(id: string): string | null {
  return id === NO_ID ? null : id;
}
