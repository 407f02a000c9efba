/** The routes of principals, the people and services that keys belong to: make one, and list them. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { createPrincipal, listPrincipals, type Principal } from '../../db/access/keys.ts';
import { PRINCIPAL_KINDS, RESERVED_PRINCIPALS } from '../../domain/access/api-key.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { examplePrincipalId, idAnswer, instantAnswer, nameField } from '../http/fields.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';
import { databaseOf, tags, type KeyDeps } from './key-fields.ts';

const principalAnswer = z
  .object({
    principal_id: idAnswer(examplePrincipalId),
    kind: z.enum(PRINCIPAL_KINDS),
    name: z.string().openapi({ example: 'billing' }),
    created_at: instantAnswer,
  })
  .openapi('Principal');

const post = createRoute({
  method: 'post',
  path: '/v1/principals',
  operationId: 'createPrincipal',
  summary: 'Make a principal: a person or a service, who may have keys',
  tags,
  description:
    'A repeat is refused with 409 and the id of the first one. The names of services of the installation, such as `api`, are reserved.',
  middleware: [requiresInTenant('principals:write'), readJson] as const,
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              { name: nameField, kind: z.enum(PRINCIPAL_KINDS, { error: faultCode('principal_kind_invalid') }) },
              { error: faultCode('body_invalid') },
            )
            .openapi('PrincipalRequest'),
        },
      },
    },
  },
  responses: {
    201: { description: 'Made.', content: { 'application/json': { schema: principalAnswer } } },
    ...problemResponses(
      ...BODY_PROBLEMS,
      'field_missing',
      'too_long',
      'too_short',
      'character_forbidden',
      'principal_kind_invalid',
      'principal_exists',
      'principal_name_reserved',
      'access_not_configured',
      'database_unavailable',
    ),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/principals',
  operationId: 'listPrincipals',
  summary: 'The principals of the tenant, newest first',
  tags,
  middleware: requiresInTenant('keys:read'),
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(principalAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'access_not_configured', 'database_unavailable'),
  },
});

export function principalRoutes(deps: KeyDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const database = databaseOf(deps);
      const asked = { ...c.req.valid('json'), tenant: c.var.holder.tenant };
      if (RESERVED_PRINCIPALS.includes(asked.name)) throw new ProblemError('principal_name_reserved');
      const { made, known } = await boundedQuery(database, () => createPrincipal(database, asked, byWhom(c)), {
        isWrite: true,
      });
      if (made === undefined) throw new ProblemError('principal_exists', { members: { principal_id: known } });
      return c.json(renderPrincipal(made), 201);
    })
    .openapi(list, async (c) => {
      const database = databaseOf(deps);
      const { limit, cursor } = c.req.valid('query');
      const after = placeAfter(c, cursor);
      const rows = await boundedQuery(database, () => listPrincipals(database, c.var.holder.tenant, after, limit + 1));
      const placeOf = ({ createdAt, principalId: id }: Principal) => ({ createdAt, id });
      return c.json(creationPage(c, { rows }, { limit, placeOf, render: renderPrincipal }), 200);
    });
}

function renderPrincipal({ principalId, kind, name, createdAt }: Principal): z.infer<typeof principalAnswer> {
  return { principal_id: principalId, kind, name, created_at: createdAt.toISOString() };
}
