/**
 * The routes of tenants, for keys of the default one, which is the installation's own: make one with its root key, list them, and
 * replace a root key. A root key is shown once, and a key makes none that may do more than itself.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createTenant, listTenants, replaceRootKey, type StoredTenant } from '../../db/access/tenants.ts';
import { DEFAULT_TENANT, TENANT_PATTERN, type Tenant } from '../../domain/tenant.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer } from '../http/fields.ts';
import { decodeCursor, listOf, pageOf, pageParameters, pageSchema } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import { requires } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';
import { untilLeasesEnd } from './authenticator.ts';
import { databaseOf, keyWithSecret, renderKey, type KeyDeps } from './key-fields.ts';
import { rootKeyFor } from './new-key.ts';
import { refuseMore } from './rights.ts';

const tags = ['Tenants'];

const tenantField = z
  .string({ error: faultCode('tenant_invalid') })
  .regex(TENANT_PATTERN, 'tenant_invalid')
  .openapi({ example: 'acme' });

const tenantAnswer = z
  .object({ tenant: z.string().openapi({ example: 'acme' }), created_at: instantAnswer })
  .openapi('Tenant');

const post = createRoute({
  method: 'post',
  path: '/v1/tenants',
  operationId: 'createTenant',
  summary: 'Make a tenant, with its root key',
  tags,
  description: `A tenant is whose a thing is: wallets, movements, events, webhook endpoints, cases and keys of one are to another as if they were not
there. Whose a request is, its key says. The root key has every scope of a tenant, and is shown this once; it is accepted from where the key
that asks is, and expires when that does. A repeat is refused with 409: who has lost the answer replaces the root key. A tenant is never
removed, and its name never changes. Make one only when no process of a version before tenants runs any more: it would show all to all.`,
  middleware: [requires('tenants:write'), readJson] as const,
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ name: tenantField }, { error: faultCode('body_invalid') }).openapi('TenantRequest'),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'Made.',
      content: {
        'application/json': { schema: tenantAnswer.extend({ root_key: keyWithSecret }).openapi('TenantWithRootKey') },
      },
    },
    ...problemResponses(
      ...BODY_PROBLEMS,
      ...(['field_missing', 'tenant_invalid', 'tenant_exists', 'rights_exceeded'] as const),
      ...(['access_not_configured', 'database_unavailable'] as const),
    ),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/tenants',
  operationId: 'listTenants',
  summary: 'The tenants, by their names',
  tags,
  middleware: requires('tenants:read'),
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(tenantAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'access_not_configured', 'database_unavailable'),
  },
});

const replace = createRoute({
  method: 'post',
  path: '/v1/tenants/{tenant}/root-key',
  operationId: 'replaceTenantRootKey',
  summary: 'Replace the root key of a tenant',
  tags,
  description: `For a tenant whose root key is lost, was revoked or has expired. Once it is answered, after about a second, every process of the
API refuses the former one, and what has taken its place by a rotation; other keys that it has made stay. A repeat makes another one again.
The root key of the tenant \`default\` is not replaced here, but by \`npx counterpoise keys reset-root\`.`,
  middleware: requires('tenants:write'),
  request: { params: z.object({ tenant: tenantField }) },
  responses: {
    201: { description: 'The new key.', content: { 'application/json': { schema: keyWithSecret } } },
    ...problemResponses(
      ...(['tenant_invalid', 'tenant_not_found', 'rights_exceeded'] as const),
      ...(['access_not_configured', 'database_unavailable'] as const),
    ),
  },
});

export function tenantRoutes(deps: KeyDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const database = databaseOf(deps);
      const { key, secret } = rootKeyOf(c, c.req.valid('json').name as Tenant);
      const made = await boundedQuery(database, () => createTenant(database, key, byWhom(c)), { isWrite: true });
      if (typeof made === 'string') throw notMade(made, key.tenant);
      return c.json({ ...renderTenant(made.tenant), root_key: { ...renderKey(made.key), secret } }, 201);
    })
    .openapi(list, async (c) => {
      const database = databaseOf(deps);
      const { limit, cursor } = c.req.valid('query');
      const after = decodeCursor(listOf(c), z.string().regex(TENANT_PATTERN), cursor);
      const rows = await boundedQuery(database, () => listTenants(database, after, limit + 1));
      const cursorOf = ({ tenant }: StoredTenant) => tenant;
      return c.json(pageOf(rows, { list: listOf(c), limit, render: renderTenant, cursorOf }), 200);
    })
    .openapi(replace, async (c) => {
      const database = databaseOf(deps);
      const tenant = c.req.valid('param').tenant as Tenant;
      if (tenant === DEFAULT_TENANT) throw notMade('not_found', tenant);
      const { key, secret } = rootKeyOf(c, tenant);
      const made = await boundedQuery(database, () => replaceRootKey(database, key, byWhom(c)), { isWrite: true });
      if (typeof made === 'string') throw notMade(made, tenant);
      await untilLeasesEnd();
      return c.json({ ...renderKey(made), secret }, 201);
    });
}

/** Throws `rights_exceeded` if the key that asks may not do all that the new one may. */
function rootKeyOf(c: Context<ApiEnv>, tenant: Tenant): ReturnType<typeof rootKeyFor> {
  const made = rootKeyFor(c.var.holder, tenant);
  refuseMore(c.var.holder, { name: made.key.name, scopes: [...made.key.scopes] });
  return made;
}

function notMade(why: 'maker_ended' | 'exists' | 'not_found', tenant: Tenant): ProblemError {
  switch (why) {
    case 'maker_ended':
      return new ProblemError('rights_exceeded', { detail: 'The key that asks has ended.' });
    case 'exists':
      return new ProblemError('tenant_exists', { detail: `There is a tenant ${tenant}.` });
    case 'not_found':
      return new ProblemError('tenant_not_found', {
        detail: `There is no tenant ${tenant} whose root key this replaces.`,
      });
    default:
      throw new Error(`unknown: ${String(why satisfies never)}`);
  }
}

function renderTenant({ tenant, createdAt }: StoredTenant): z.infer<typeof tenantAnswer> {
  return { tenant, created_at: createdAt.toISOString() };
}
