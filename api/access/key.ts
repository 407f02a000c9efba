/**
 * The routes of API keys: make, show, list, rotate and revoke. A key grants no more than the key that makes it has, and is rotated
 * and revoked only by a key that has all of its scopes. A rotation or revocation is answered once it holds in every process.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  createKey,
  findKey,
  findKeyByIdempotencyKey,
  listKeys,
  revokeKey,
  rotateKey,
  type ApiKey,
} from '../../db/access/keys.ts';
import type { Database } from '../../db/database.ts';
import { OVERLAP_SECONDS_DEFAULT, OVERLAP_SECONDS_MAX } from '../../domain/access/api-key.ts';
import type { ApiKeyId } from '../../domain/ids.ts';
import type { AskGrant } from '../../domain/transfer/approval.ts';
import { byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import type { ApiEnv } from '../http/env.ts';
import { idempotencyKeyHeader } from '../http/idempotency-key.ts';
import { creationPage, pageParameters, pageSchema, placeAfter } from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson, readJsonOrNothing } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { faultCode } from '../http/validation.ts';
import { untilLeasesEnd } from './authenticator.ts';
import {
  databaseOf,
  expiresInField,
  idParameter,
  keyAnswer,
  keyRequest,
  keyWithSecret,
  madeKey,
  oneProblems,
  path,
  renderKey,
  tags,
  type KeyDeps,
} from './key-fields.ts';
import { keyFor, successorOf } from './new-key.ts';
import { awaitedBy } from './new-voter.ts';
import { refuseMore, refuseStronger } from './rights.ts';

export type { KeyDeps };

const post = createRoute({
  method: 'post',
  path: '/v1/api-keys',
  operationId: 'createApiKey',
  summary: 'Make a key',
  tags,
  description: `Makes a key that grants no more than the key that asks has: neither scopes, nor time, nor networks, nor rate. Its secret is
shown this once. A repeat with the same Idempotency-Key makes no other key and cannot show the secret again: who has lost the answer
rotates the key, or revokes it. What a key has made stays valid when it is revoked itself; \`created_by\` tells.

While the tenant has policies, the votes of a principal that had no key with \`approvals:write\` before count once as many others as the strictest policy
demands have approved the grant, which \`awaits_approval_id\` names; it is asked for before the key is made. Who has that scope already may be given
further keys, and have them rotated, without one. A grant that was rejected or has expired is asked for again with the next such key or the next vote.`,
  middleware: [requiresInTenant('keys:write'), readJson] as const,
  request: {
    headers: z.object({ 'Idempotency-Key': idempotencyKeyHeader }),
    body: { required: true, content: { 'application/json': { schema: keyRequest } } },
  },
  responses: {
    201: {
      description: 'The key, made now or by an earlier request with this Idempotency-Key.',
      headers: {
        Location: { schema: { type: 'string' }, description: 'The path of the key.' },
        'Idempotent-Replayed': {
          description: '`true` if an earlier request with this key made it.',
          schema: { type: 'string', enum: ['true'] },
        },
      },
      content: { 'application/json': { schema: madeKey } },
    },
    ...problemResponses(
      ...BODY_PROBLEMS,
      'field_missing',
      'too_long',
      'too_short',
      'character_forbidden',
      'scopes_invalid',
      'cidrs_invalid',
      'per_second_invalid',
      'burst_invalid',
      'key_expires_in_invalid',
      'principal_id_invalid',
      'idempotency_key_missing',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'rights_exceeded',
      'principal_not_found',
      'access_not_configured',
      'database_unavailable',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path,
  operationId: 'getApiKey',
  summary: 'A key, without its secret',
  tags,
  middleware: requiresInTenant('keys:read'),
  request: { params: idParameter },
  responses: {
    200: { description: 'As it is now.', content: { 'application/json': { schema: keyAnswer } } },
    ...problemResponses(...oneProblems),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/api-keys',
  operationId: 'listApiKeys',
  summary: 'The keys of the tenant, newest first, without their secrets',
  tags,
  middleware: requiresInTenant('keys:read'),
  request: { query: z.strictObject(pageParameters) },
  responses: {
    200: { description: 'A page.', content: { 'application/json': { schema: pageSchema(keyAnswer) } } },
    ...problemResponses(...PAGE_PROBLEMS, 'access_not_configured', 'database_unavailable'),
  },
});

const rotate = createRoute({
  method: 'post',
  path: `${path}/rotate`,
  operationId: 'rotateApiKey',
  summary: 'Replace a key by another with the same rights',
  tags,
  description: `Makes a key of the same name, principal and rights, and shows its secret. The former one stays valid for \`overlap\` seconds, 0 to
${OVERLAP_SECONDS_MAX}, a day if it is left out, and never longer than it was. The new one never outlives the key that asks. A key is
rotated once: a repeat is refused with 409, and \`rotated_to\` of the key names the new one, which can be rotated itself.`,
  middleware: [requiresInTenant('keys:write'), readJsonOrNothing] as const,
  request: {
    params: idParameter,
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z
            .strictObject(
              {
                expires_in: expiresInField,
                overlap: z
                  .int({ error: faultCode('overlap_invalid') })
                  .min(0, 'overlap_invalid')
                  .max(OVERLAP_SECONDS_MAX, 'overlap_invalid')
                  .default(OVERLAP_SECONDS_DEFAULT),
              },
              { error: faultCode('body_invalid') },
            )
            .openapi('ApiKeyRotation'),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'The new key, with its secret, which is not shown again.',
      headers: { Location: { schema: { type: 'string' }, description: 'The path of the new key.' } },
      content: { 'application/json': { schema: keyWithSecret } },
    },
    ...problemResponses(
      ...oneProblems,
      ...BODY_PROBLEMS,
      'key_expires_in_invalid',
      'overlap_invalid',
      'rights_exceeded',
      'api_key_ended',
    ),
  },
});

const revoke = createRoute({
  method: 'post',
  path: `${path}/revoke`,
  operationId: 'revokeApiKey',
  summary: 'Revoke a key',
  tags,
  description:
    'Once it is answered, after about a second, every process of the API refuses the key. What is under way goes on. A repeat changes nothing.',
  middleware: requiresInTenant('keys:write'),
  request: { params: idParameter },
  responses: {
    200: { description: 'Revoked.', content: { 'application/json': { schema: keyAnswer } } },
    ...problemResponses(...oneProblems, 'rights_exceeded'),
  },
});

export function keyRoutes(deps: KeyDeps, askGrant: AskGrant) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const database = databaseOf(deps);
      const { holder } = c.var;
      const idempotencyKey = c.req.valid('header')['Idempotency-Key'];
      const asked = c.req.valid('json');
      const { key, secret } = keyFor(holder, asked, idempotencyKey);
      const before = await boundedQuery(database, () =>
        findKeyByIdempotencyKey(database, holder.tenant, idempotencyKey),
      );
      if (before !== undefined && before.bodyHash !== key.bodyHash) throw new ProblemError('idempotency_key_reused');
      if (before === undefined) refuseMore(holder, asked);
      const waiting = await awaitedBy(database, askGrant, key, byWhom(c));
      const make = () => boundedQuery(database, () => createKey(database, key, byWhom(c)), { isWrite: true });
      const made = before === undefined ? await make() : undefined;
      const stored =
        made ??
        before ??
        (await boundedQuery(database, () => findKeyByIdempotencyKey(database, holder.tenant, idempotencyKey)));
      // The key that asks was revoked meanwhile.
      if (stored === undefined) throw new ProblemError('rights_exceeded', { detail: 'The key that asks has ended.' });
      if (stored.bodyHash !== key.bodyHash) throw new ProblemError('idempotency_key_reused');
      c.var.log.setBindings({ api_key_id: stored.apiKeyId });
      if (made === undefined) c.header('Idempotent-Replayed', 'true');
      c.header('Location', `/v1/api-keys/${stored.apiKeyId}`);
      const shown = { secret: made === undefined ? null : secret, awaits_approval_id: waiting ?? null };
      return c.json({ ...renderKey(stored), ...shown }, 201);
    })
    .openapi(list, async (c) => {
      const database = databaseOf(deps);
      const { limit, cursor } = c.req.valid('query');
      const after = placeAfter(c, cursor);
      const rows = await boundedQuery(database, () => listKeys(database, c.var.holder.tenant, after, limit + 1));
      const placeOf = ({ createdAt, apiKeyId: id }: ApiKey) => ({ createdAt, id });
      return c.json(creationPage(c, { rows }, { limit, placeOf, render: renderKey }), 200);
    })
    .openapi(get, async (c) => {
      const { api_key_id: id } = c.req.valid('param');
      return c.json(renderKey(await existingKey(c, databaseOf(deps), id)), 200);
    })
    .openapi(rotate, async (c) => {
      const database = databaseOf(deps);
      const { api_key_id: id } = c.req.valid('param');
      const { overlap, expires_in: expiresIn } = c.req.valid('json');
      const former = await existingKey(c, database, id);
      refuseStronger(c.var.holder, former);
      const { key, secret } = successorOf(c.var.holder, former, expiresIn);
      const made = await boundedQuery(database, () => rotateKey(database, id, overlap, key, byWhom(c)), {
        isWrite: true,
      });
      if (made === undefined) throw await keyEnded(c, database, id);
      await untilLeasesEnd();
      c.header('Location', `/v1/api-keys/${made.apiKeyId}`);
      return c.json({ ...renderKey(made), secret }, 201);
    })
    .openapi(revoke, async (c) => {
      const database = databaseOf(deps);
      const { api_key_id: id } = c.req.valid('param');
      refuseStronger(c.var.holder, await existingKey(c, database, id));
      const revoked = await boundedQuery(database, () => revokeKey(database, c.var.holder.tenant, id, byWhom(c)), {
        isWrite: true,
      });
      // Also if it was revoked before: that answer may have been lost, and its time not be over.
      await untilLeasesEnd();
      return c.json(renderKey(revoked!), 200);
    });
}

async function existingKey(c: Context<ApiEnv>, database: Database, id: ApiKeyId): Promise<ApiKey> {
  c.var.log.setBindings({ api_key_id: id });
  const found = await boundedQuery(database, () => findKey(database, c.var.holder.tenant, id));
  if (found === undefined) throw new ProblemError('api_key_not_found', { detail: `There is no key ${id}.` });
  return found;
}

async function keyEnded(c: Context<ApiEnv>, database: Database, id: ApiKeyId): Promise<ProblemError> {
  const { rotatedTo } = await existingKey(c, database, id);
  return new ProblemError('api_key_ended', rotatedTo === null ? {} : { members: { rotated_to: rotatedTo } });
}
